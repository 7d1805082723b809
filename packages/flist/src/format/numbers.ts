/**
 * Writes a whole number from 0 to 2^53 - 1 in eight bytes, little-endian, and gives where they end: as `setBigUint64`
 * does, without an object for each number.
 */
export function writeUint64(view: DataView, value: number, at: number): number {
  view.setUint32(at, value % 2 ** 32, true)
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
  return at + 8
}
