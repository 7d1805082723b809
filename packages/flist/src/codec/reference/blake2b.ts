/**
 * BLAKE2b (RFC 7693) without a key, in plain TypeScript: the oracle the WebAssembly codec is tested against.
 * A 64-bit word is two 32-bit words, low half first, so word `i` of the state lies at `2 * i` and `2 * i + 1`.
 */
const BLOCK = 128

/** Initialisation vector (RFC 7693 section 2.6), low and high halves. */
const IV = Uint32Array.of(
  ...[0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a],
  ...[0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19],
)

/** Message word schedule (RFC 7693 section 2.7); rounds 10 and 11 use rows 0 and 1 again. */
export const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]

/** The state words each of the eight mixing steps of a round works on: columns, then diagonals. */
export const STEPS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/** `v[a] += v[b]` on 64-bit words of two arrays. */
function add(v: Uint32Array, a: number, words: Uint32Array, b: number): void {
  const low = v[2 * a]! + words[2 * b]!
  v[2 * a] = low
  v[2 * a + 1] = v[2 * a + 1]! + words[2 * b + 1]! + (low > 0xffffffff ? 1 : 0)
}

/** `v[d] = (v[d] ^ v[a]) >>> bits`, rotating. */
function xorRotate(v: Uint32Array, d: number, a: number, bits: number): void {
  const low = v[2 * d]! ^ v[2 * a]!
  const high = v[2 * d + 1]! ^ v[2 * a + 1]!
  const [first, second] = bits >= 32 ? [high, low] : [low, high]
  const shift = bits % 32
  v[2 * d] = shift === 0 ? first : (first >>> shift) | (second << (32 - shift))
  v[2 * d + 1] = shift === 0 ? second : (second >>> shift) | (first << (32 - shift))
}

function compress(h: Uint32Array, message: Uint32Array, counter: number, last: boolean): void {
  const v = new Uint32Array(32)
  v.set(h)
  v.set(IV, 16)
  v[24] = v[24]! ^ counter
  v[25] = v[25]! ^ Math.floor(counter / 2 ** 32)
  if (last) {
    v[28] = ~v[28]!
    v[29] = ~v[29]!
  }
  for (let round = 0; round < 12; round++) {
    const schedule = SIGMA[round % 10]!
    STEPS.forEach(([a, b, c, d], step) => {
      add(v, a, v, b)
      add(v, a, message, schedule[2 * step]!)
      xorRotate(v, d, a, 32)
      add(v, c, v, d)
      xorRotate(v, b, c, 24)
      add(v, a, v, b)
      add(v, a, message, schedule[2 * step + 1]!)
      xorRotate(v, d, a, 16)
      add(v, c, v, d)
      xorRotate(v, b, c, 63)
    })
  }
  for (let i = 0; i < 16; i++) h[i] = h[i]! ^ v[i]! ^ v[i + 16]!
}

/** Hash of `data`, `outputLength` (1 to 64) bytes long. The length is part of the hash: it is not a cut-off longer one. */
export function blake2b(data: Uint8Array, outputLength: number): Uint8Array {
  const h = IV.slice()
  h[0] = h[0]! ^ 0x01010000 ^ outputLength
  const block = new Uint8Array(BLOCK)
  const view = new DataView(block.buffer)
  const message = new Uint32Array(32)
  let offset = 0
  do {
    const end = Math.min(offset + BLOCK, data.length)
    block.fill(0)
    block.set(data.subarray(offset, end))
    for (let i = 0; i < 32; i++) message[i] = view.getUint32(4 * i, true)
    compress(h, message, end, end === data.length)
    offset = end
  } while (offset < data.length)

  const out = new DataView(new ArrayBuffer(64))
  h.forEach((word, i) => {
    out.setUint32(4 * i, word, true)
  })
  return new Uint8Array(out.buffer, 0, outputLength)
}
