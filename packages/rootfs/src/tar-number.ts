const SPACE = 0x20
const ZERO = 0x30
const SEVEN = 0x37

/**
 * A numeric field of a tar header: octal digits with spaces or NULs around them (POSIX ustar), or base-256, big-endian
 * two's complement, marked by the top bit (GNU tar, star). An empty field is 0.
 *
 * @returns `undefined` when the field is no number, or one that a double cannot hold exactly
 */
export function parseTarNumber(block: Uint8Array, start: number, length: number): number | undefined {
  return ((block[start] ?? 0) & 0x80) === 0 ? parseOctal(block, start, length) : parseBase256(block, start, length)
}

function parseOctal(block: Uint8Array, start: number, length: number): number | undefined {
  const end = start + length
  let at = start
  while (at < end && isPadding(block[at])) at++
  let value = 0
  for (; at < end; at++) {
    const byte = block[at] ?? 0
    if (byte < ZERO || byte > SEVEN) break
    value = value * 8 + (byte - ZERO)
  }
  return at === end || isPadding(block[at]) ? value : undefined
}

function isPadding(byte: number | undefined): boolean {
  return byte === SPACE || byte === 0
}

function parseBase256(block: Uint8Array, start: number, length: number): number | undefined {
  const first = block[start] ?? 0
  // The bit below the mark is the sign. Of a negative number all bits are inverted: -n is stored as ~(n - 1).
  const inverted = (first & 0x40) === 0 ? 0 : 0xff
  let value = (first ^ inverted) & 0x3f
  for (let at = start + 1; at < start + length; at++) {
    value = value * 256 + ((block[at] ?? 0) ^ inverted)
    if (value > Number.MAX_SAFE_INTEGER) return undefined
  }
  return inverted === 0 ? value : -value - 1
}
