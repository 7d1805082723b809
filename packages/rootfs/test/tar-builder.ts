/** The fields of a header block; numbers are written in octal, bytes as they are. */
export type BlockFields = {
  readonly name?: string
  readonly typeflag?: string
  readonly size?: number | Buffer
  readonly mode?: number
  readonly uid?: number | Buffer
  readonly gid?: number
  readonly mtime?: number | Buffer
  readonly linkName?: string
  /** `ustar\0` + `00` by default, `ustar  \0` for GNU, `''` for v7. */
  readonly magic?: string
  readonly major?: number
  readonly minor?: number
  readonly prefix?: string
  readonly signedChecksum?: boolean
  /** Bytes written over the rest, before the checksum is made. */
  readonly raw?: readonly (readonly [offset: number, bytes: Buffer | string])[]
}

/** A header block with a right checksum, byte by byte, for what no tar writer lets one write. */
export function block(fields: BlockFields = {}): Buffer {
  const { name = 'f', typeflag = '0', magic = 'ustar\u000000' } = fields
  const bytes = Buffer.alloc(512)
  bytes.write(name, 0, 100, 'latin1')
  field(bytes, 100, 8, fields.mode ?? 0o644)
  field(bytes, 108, 8, fields.uid ?? 0)
  field(bytes, 116, 8, fields.gid ?? 0)
  field(bytes, 124, 12, fields.size ?? 0)
  field(bytes, 136, 12, fields.mtime ?? 0)
  bytes.write(typeflag, 156, 1, 'latin1')
  bytes.write(fields.linkName ?? '', 157, 100, 'latin1')
  bytes.write(magic, 257, 8, 'latin1')
  if (fields.major !== undefined) field(bytes, 329, 8, fields.major)
  if (fields.minor !== undefined) field(bytes, 337, 8, fields.minor)
  bytes.write(fields.prefix ?? '', 345, 155, 'latin1')
  for (const [offset, value] of fields.raw ?? []) Buffer.from(value as string, 'latin1').copy(bytes, offset)
  bytes.fill(' ', 148, 156)
  let sum = 0
  for (const byte of bytes) sum += fields.signedChecksum === true && byte > 127 ? byte - 256 : byte
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

/** A header block and its content, filled up to whole blocks; the size is set unless given. */
export function member(fields: BlockFields, content: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(content as string, 'latin1')
  return Buffer.concat([block({ size: bytes.length, ...fields }), padded(bytes)])
}

/** A pax header (`x`, or `g` for a global one); values are latin1. */
export function pax(records: readonly (readonly [keyword: string, value: string])[], typeflag = 'x'): Buffer {
  return member({ name: 'pax', typeflag }, records.map(([keyword, value]) => paxRecord(keyword, value)).join(''))
}

/** `"%d %s=%s\n"`, where the number counts itself. */
export function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length > length) length += 1
  return `${length}${rest}`
}

/** What ends an archive. */
export const END = Buffer.alloc(1024)

/** Bytes filled up with zeros to whole blocks. */
export function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

/** Bytes as a stream of pieces of the given size. */
export async function* slices(bytes: Buffer, size = bytes.length || 1): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

function field(bytes: Buffer, start: number, length: number, value: number | Buffer): void {
  if (typeof value === 'number') bytes.write(value.toString(8).padStart(length - 1, '0'), start)
  else value.copy(bytes, start, 0, length)
}
