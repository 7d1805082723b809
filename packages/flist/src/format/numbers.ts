/**
 * Writes a whole number from 0 to 2^53 - 1 in eight bytes, little-endian, and gives where they end: as
 * `writeBigUInt64LE` does, without an object for each number.
 */
export function writeUint64(buffer: Buffer, value: number, at: number): number {
  return buffer.writeUInt32LE(Math.floor(value / 2 ** 32), buffer.writeUInt32LE(value % 2 ** 32, at))
}
