/** The unit of a tar archive, in bytes. */
export const TAR_BLOCK = 512

/** The largest member the 11 octal digits of a header can say. */
export const MAX_TAR_BYTES = 0o77777777777

/** What matters of a member here. */
export type TarMember = { readonly name: string; readonly type: string; readonly size: number }

/**
 * The GNU tar header of a regular file: mode 0644, owned by root, mtime 0. `name` has at most 99 bytes.
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export function encodeTarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(TAR_BLOCK)
  header.write(name, 0, 'latin1')
  header.write(
    `${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0`,
    100,
    'latin1',
  )
  header.write('        0', 148, 'latin1')
  header.write('ustar  \0root', 257, 'latin1')
  header.write('root', 297, 'latin1')
  header.write(`${octal(checksum(header), 6)}\0 `, 148, 'latin1')
  return header
}

/** Reads a header; `undefined` when the block is none. Sizes may be octal (with spaces around) or GNU's base 256. */
export function decodeTarHeader(block: Buffer): TarMember | undefined {
  if (readOctal(block.subarray(148, 156)) !== checksum(block)) return undefined
  const size = readNumber(block.subarray(124, 136))
  if (size === undefined) return undefined
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? readText(block.subarray(345, 500)) : ''
  const name = readText(block.subarray(0, 100))
  return { name: prefix === '' ? name : `${prefix}/${name}`, type: String.fromCharCode(block.readUInt8(156)), size }
}

/** The sum of all bytes, with the checksum's own field as spaces. */
function checksum(block: Buffer): number {
  let sum = 0
  for (const [at, byte] of block.entries()) sum += at >= 148 && at < 156 ? 32 : byte
  return sum
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function readText(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('latin1', 0, end === -1 ? field.length : end)
}

function readOctal(field: Buffer): number | undefined {
  const text = readText(field).trim()
  return /^[0-7]{1,12}$/.test(text) ? Number.parseInt(text, 8) : undefined
}

function readNumber(field: Buffer): number | undefined {
  if (field.readUInt8(0) !== 0x80) return readOctal(field)
  const value = Number(field.readBigUInt64BE(field.length - 8))
  return Number.isSafeInteger(value) ? value : undefined
}
