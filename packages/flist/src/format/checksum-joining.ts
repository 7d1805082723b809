/** The polynomial of gzip's CRC-32 without its first term, the highest power in the lowest bit. RFC 1952 section 8 */
const POLYNOMIAL = 0xedb88320

/** x⁰ and x⁸ in the same order of bits. */
const ONE = 0x80000000
const BYTE = 0x00800000

/**
 * The CRC-32 of two runs of bytes taken as one, from the CRC-32 of each and the length of the second: the first one times
 * x to the power of the bits that follow, plus the second one, as zlib's `crc32_combine` has it.
 */
export function joinChecksums(first: number, second: number, secondBytes: number): number {
  return (multiply(first, powerOfByte(secondBytes)) ^ second) >>> 0
}

/** x⁸ to the power of `exponent`, by squaring. */
function powerOfByte(exponent: number): number {
  let power = ONE
  let square = BYTE
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square)
    square = multiply(square, square)
  }
  return power
}

/** The product of two polynomials over GF(2), modulo that of the CRC. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL
  }
  return product
}
