import { SIGMA, STEPS } from '../src/codec/reference/blake2b.ts'

/** The second half of the state at the start of a block (RFC 7693 section 3.2). */
const INITIAL = [
  ['0x6a09e667f3bcc908', '0xbb67ae8584caa73b', '0x3c6ef372fe94f82b', '0xa54ff53a5f1d36f1'],
  ['0x510e527fade682d1 ^ counter', '0x9b05688c2b3e6c1f', '0x1f83d9abfb41bd6b ^ last', '0x5be0cd19137e2179'],
].flat()

/** The same for two blocks side by side. */
const INITIAL_PAIR = INITIAL.map((value) => {
  const [word, other] = value.split(' ^ ')
  return other === undefined ? `i64x2.splat(${word})` : `v128.xor(i64x2.splat(${word}), pair(${other}A, ${other}B))`
})

/**
 * Rotations by whole bytes are shuffles: there is no instruction that rotates. Which bytes they take is read from memory, as
 * V8 makes a constant anew, in six instructions, wherever one is used; and relaxed, as it does not know then that they are in range.
 */
const PAIR_FUNCTIONS = `
export function prepareRotations(): void {
  v128.store(HASH_ROTATIONS, i8x16(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10))
  v128.store(HASH_ROTATIONS, i8x16(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9), 16)
}
@inline function pair(a: u64, b: u64): v128 { return i64x2.replace_lane(i64x2.splat(a), 1, b) }
@inline function rotate32(v: v128): v128 { return v128.shuffle<u32>(v, v, 1, 0, 3, 2) }
@inline function rotate24(v: v128): v128 { return i8x16.relaxed_swizzle(v, v128.load(HASH_ROTATIONS)) }
@inline function rotate16(v: v128): v128 { return i8x16.relaxed_swizzle(v, v128.load(HASH_ROTATIONS, 16)) }
@inline function rotate63(v: v128): v128 { return v128.or(i64x2.shr_u(v, 63), i64x2.add(v, v)) }
`

/** Mixes message words `x` and `y` into four words of the state (RFC 7693 section 3.1). */
function mixing([a, b, c, d]: readonly [number, number, number, number], x: number, y: number): string[] {
  return [
    `v${a} += v${b} + load<u64>(block, ${8 * x})`,
    `v${d} = rotr<u64>(v${d} ^ v${a}, 32)`,
    `v${c} += v${d}`,
    `v${b} = rotr<u64>(v${b} ^ v${c}, 24)`,
    `v${a} += v${b} + load<u64>(block, ${8 * y})`,
    `v${d} = rotr<u64>(v${d} ^ v${a}, 16)`,
    `v${c} += v${d}`,
    `v${b} = rotr<u64>(v${b} ^ v${c}, 63)`,
  ]
}

/** The same for two blocks side by side. */
function mixingPair([a, b, c, d]: readonly [number, number, number, number], x: number, y: number): string[] {
  return [
    `v${a} = i64x2.add(i64x2.add(v${a}, v128.load(HASH_LANE_WORDS, ${16 * x})), v${b})`,
    `v${d} = rotate32(v128.xor(v${d}, v${a}))`,
    `v${c} = i64x2.add(v${c}, v${d})`,
    `v${b} = rotate24(v128.xor(v${b}, v${c}))`,
    `v${a} = i64x2.add(i64x2.add(v${a}, v128.load(HASH_LANE_WORDS, ${16 * y})), v${b})`,
    `v${d} = rotate16(v128.xor(v${d}, v${a}))`,
    `v${c} = i64x2.add(v${c}, v${d})`,
    `v${b} = rotate63(v128.xor(v${b}, v${c}))`,
  ]
}

/** All twelve rounds, made of what mixes message words `x` and `y` into four words of the state. */
function allRounds(mix: typeof mixing): string[] {
  const rounds = Array.from({ length: 12 }, (_, round) => SIGMA[round % SIGMA.length] ?? [])
  return rounds.flatMap((schedule) =>
    STEPS.flatMap((words, step) => mix(words, schedule[2 * step] ?? 0, schedule[2 * step + 1] ?? 0)),
  )
}

/**
 * AssemblyScript source of BLAKE2b's compression function, all twelve rounds unrolled.
 *
 * `compress` mixes the 128 bytes at `block` into the state at `state`. `counter` is the bytes hashed with this block; `last`
 * has all bits set for the last block, none before. `compressPair` does so with two blocks, the words of whose states lie
 * side by side: half again as fast.
 */
export function blake2bRounds(): string {
  return `import { HASH_LANE_WORDS, HASH_ROTATIONS } from './layout'\n${PAIR_FUNCTIONS}${compressSource()}${compressPairSource()}`
}

function compressSource(): string {
  const body = [
    ...INITIAL.map((_, i) => `let v${i} = load<u64>(state, ${8 * i})`),
    ...INITIAL.map((value, i) => `let v${i + 8}: u64 = ${value}`),
    ...allRounds(mixing),
    ...INITIAL.map((_, i) => `store<u64>(state, load<u64>(state, ${8 * i}) ^ v${i} ^ v${i + 8}, ${8 * i})`),
  ]
  return `export function compress(state: usize, block: usize, counter: u64, last: u64): void {\n${body.join('\n')}\n}\n`
}

function compressPairSource(): string {
  const parameters = 'state: usize, a: usize, b: usize, counterA: u64, counterB: u64, lastA: u64, lastB: u64'
  const body = [
    'let x: v128, y: v128',
    ...INITIAL.flatMap((_, i) => [
      `x = v128.load(a, ${16 * i}); y = v128.load(b, ${16 * i})`,
      `v128.store(HASH_LANE_WORDS, v128.shuffle<u64>(x, y, 0, 2), ${32 * i})`,
      `v128.store(HASH_LANE_WORDS, v128.shuffle<u64>(x, y, 1, 3), ${32 * i + 16})`,
    ]),
    ...INITIAL.map((_, i) => `let v${i} = v128.load(state, ${16 * i})`),
    ...INITIAL_PAIR.map((value, i) => `let v${i + 8} = ${value}`),
    ...allRounds(mixingPair),
    ...INITIAL.map(
      (_, i) => `v128.store(state, v128.xor(v128.load(state, ${16 * i}), v128.xor(v${i}, v${i + 8})), ${16 * i})`,
    ),
  ]
  return `export function compressPair(${parameters}): void {\n${body.join('\n')}\n}\n`
}
