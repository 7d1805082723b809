import { SIGMA, STEPS } from '../src/codec/reference/blake2b.ts'

const INITIAL = [
  ['0x6a09e667f3bcc908', '0xbb67ae8584caa73b', '0x3c6ef372fe94f82b', '0xa54ff53a5f1d36f1'],
  ['0x510e527fade682d1 ^ counter', '0x9b05688c2b3e6c1f', '0x1f83d9abfb41bd6b ^ last', '0x5be0cd19137e2179'],
].flat()

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

/**
 * AssemblyScript source of BLAKE2b's compression function, all twelve rounds unrolled: it mixes the 128 bytes at
 * `block` into the state at `state`. `counter` is the bytes hashed with this block; `last` has all bits set for the
 * last block, none before.
 */
export function blake2bRounds(): string {
  const rounds = Array.from({ length: 12 }, (_, round) => SIGMA[round % SIGMA.length] ?? [])
  const body = [
    ...INITIAL.map((_, i) => `let v${i} = load<u64>(state, ${8 * i})`),
    ...INITIAL.map((value, i) => `let v${i + 8}: u64 = ${value}`),
    ...rounds.flatMap((schedule) =>
      STEPS.flatMap((words, step) => mixing(words, schedule[2 * step] ?? 0, schedule[2 * step + 1] ?? 0)),
    ),
    ...INITIAL.map((_, i) => `store<u64>(state, load<u64>(state, ${8 * i}) ^ v${i} ^ v${i + 8}, ${8 * i})`),
  ]
  return `export function compress(state: usize, block: usize, counter: u64, last: u64): void {\n${body.join('\n')}\n}\n`
}
