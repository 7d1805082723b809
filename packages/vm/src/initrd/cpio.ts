/** An entry of a cpio archive in the format newc. Names are byte strings without a leading `./` or `/`. */
export type CpioEntry = {
  readonly name: string
  /** With the bits of the file's type. */
  readonly mode: number
  readonly content: Uint8Array
}

const headerSize = 110
const fieldCount = 13
const trailer = 'TRAILER!!!'
const aligned = (offset: number) => Math.ceil(offset / 4) * 4

/** Whether a cpio archive begins here, in one of the two formats Linux unpacks. */
export function isCpio(bytes: Uint8Array): boolean {
  return /^07070[12]$/.test(Buffer.from(bytes.subarray(0, 6)).toString('latin1'))
}

/**
 * Reads the archive that the bytes begin with, up to its trailer; what follows it is left.
 *
 * @returns undefined when it is cut off or its headers are not hexadecimal numbers
 * @see Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function readCpio(
  bytes: Uint8Array,
): { readonly entries: readonly CpioEntry[]; readonly consumed: number } | undefined {
  const entries: CpioEntry[] = []
  let at = 0
  for (;;) {
    const header = Buffer.from(bytes.subarray(at, at + headerSize)).toString('latin1')
    if (header.length < headerSize || !/^07070[12][0-9A-Fa-f]{104}$/.test(header)) return undefined
    const fields = Array.from({ length: fieldCount }, (_, index) =>
      Number.parseInt(header.substr(6 + index * 8, 8), 16),
    )
    const [, mode = 0, , , , , size = 0, , , , , nameSize = 0] = fields
    const nameAt = at + headerSize
    const contentAt = aligned(nameAt + nameSize)
    if (contentAt + size > bytes.length) return undefined
    const name = Buffer.from(bytes.subarray(nameAt, nameAt + nameSize))
      .toString('latin1')
      .replace(/\0.*$/s, '')
    at = aligned(contentAt + size)
    if (name === trailer) return { entries, consumed: Math.min(at, bytes.length) }
    entries.push({ name: name.replace(/^(\.?\/)+/, ''), mode, content: bytes.subarray(contentAt, contentAt + size) })
  }
}

/**
 * Writes an archive in the format newc, owned by root, without times: the same entries give the same bytes.
 *
 * @param entries directories before what is in them
 */
export function writeCpio(
  entries: readonly (CpioEntry & { readonly device?: readonly [number, number] })[],
): Uint8Array {
  const end = { name: trailer, mode: 0, content: new Uint8Array() }
  return Buffer.concat([...entries, end].flatMap((entry, index) => writeEntry(entry, index + 1)))
}

function writeEntry(entry: CpioEntry & { readonly device?: readonly [number, number] }, inode: number): Uint8Array[] {
  const { name, mode, content, device = [0, 0] } = entry
  const nameSize = name.length + 1
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, nameSize, 0]
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${name}\0`
  const padding = (length: number) => new Uint8Array(aligned(length) - length)
  return [Buffer.from(header, 'latin1'), padding(header.length), content, padding(content.length)]
}
