import type { FileHandle } from 'node:fs/promises'
import { posix } from 'node:path'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/** Where the content of a file in a tar begins, and how many bytes it has. */
export type TarEntry = { readonly offset: number; readonly size: number }

const BLOCK = 512
const MOST_ENTRIES = 100_000
const LONGEST_EXTENSION = 1024 * 1024
/** Characters of a name; nothing that belongs to an image has a longer one. */
const LONGEST_NAME = 255
/** Links that lead to links; more are a circle. */
const MOST_HOPS = 8
const HARD_LINK = '1'
const SYMBOLIC_LINK = '2'
const REGULAR_TYPES = new Set(['0', '\0', '7'])
/** Links, devices and directories have no content, whatever their size field says. */
const HEADER_ONLY_TYPES = new Set(['1', '2', '3', '4', '5', '6'])

/** What the extended headers say of the entry after them. */
type Extension = { readonly name?: string; readonly linkName?: string; readonly size?: number }

/**
 * Finds the regular files of an uncompressed tar by reading its headers only, in one pass. Of files with the same name the
 * last counts, as when unpacking. Long names of pax and GNU tar are read, other extensions passed over. A hard or symbolic
 * link to a file of the same tar gives that file; one that leads elsewhere is as if it were not there.
 *
 * Source: POSIX.1-2024, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
 *
 * @returns by name, without a leading `./`; names of more than 255 characters are left out
 * @throws RegistryError `bad-layout` for a tar that is damaged or cut off
 */
export async function indexTar(file: FileHandle, path: string): Promise<Map<string, TarEntry>> {
  const { size: end } = await file.stat()
  const entries = new Map<string, TarEntry | string>()
  let position = 0
  let extended: Extension = {}
  for (let count = 0; position < end; count++) {
    if (count === MOST_ENTRIES) throw bad(path, `has more than ${MOST_ENTRIES} entries`)
    const block = await readBytes(file, position, BLOCK)
    if (block.every((byte) => byte === 0)) break
    if (block.length < BLOCK || !checksumFits(block)) throw bad(path, `has no tar header at byte ${position}`)
    const type = String.fromCharCode(block[156] ?? 0)
    const own = HEADER_ONLY_TYPES.has(type) ? 0 : readNumber(block, 124, 12)
    const isExtension = type === 'x' || type === 'L' || type === 'K'
    const size = isExtension ? own : (extended.size ?? own)
    const offset = position + BLOCK
    if (!Number.isSafeInteger(size) || size < 0 || offset + size > end)
      throw bad(path, `is cut off in the entry at byte ${position}`)
    if (isExtension) {
      if (size > LONGEST_EXTENSION) throw bad(path, `has a header of ${size} bytes at byte ${position}`)
      const payload = await readBytes(file, offset, size)
      extended = { ...extended, ...readExtension(type, payload) }
    } else if (type !== 'g') {
      const name = inside(extended.name ?? nameOf(block))
      if (name.length <= LONGEST_NAME) {
        if (REGULAR_TYPES.has(type)) entries.set(name, { offset, size })
        else if (type === HARD_LINK || type === SYMBOLIC_LINK) entries.set(name, linkTarget(block, name, extended))
        else entries.delete(name)
      }
      extended = {}
    }
    position = offset + Math.ceil(size / BLOCK) * BLOCK
  }
  return followLinks(entries)
}

function inside(name: string): string {
  return name.replace(/^(?:\.\/)+/, '')
}

/** The name a link leads to: a hard link names an entry of the tar, a symbolic link a path from where it is. */
function linkTarget(block: Buffer, name: string, extended: Extension): string {
  const target = extended.linkName ?? textOf(block.subarray(157, 257))
  const isSymbolic = String.fromCharCode(block[156] ?? 0) === SYMBOLIC_LINK
  return inside(isSymbolic ? posix.join(posix.dirname(name), target) : target)
}

function followLinks(entries: ReadonlyMap<string, TarEntry | string>): Map<string, TarEntry> {
  const files = new Map<string, TarEntry>()
  for (const [name, entry] of entries) {
    let found: TarEntry | string | undefined = entry
    for (let hops = 0; typeof found === 'string' && hops < MOST_HOPS; hops++) found = entries.get(found)
    if (typeof found === 'object') files.set(name, found)
  }
  return files
}

async function readBytes(file: FileHandle, start: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, start)
  return buffer.subarray(0, bytesRead)
}

/** The checksum is the sum of all bytes of the header with its own field as spaces. */
function checksumFits(block: Buffer): boolean {
  const expected = readNumber(block, 148, 8)
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0)
  return sum === expected
}

/** An octal number, or GNU's binary one for values octal digits cannot hold; NaN when it is neither. */
function readNumber(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length)
  if (field[0] === 0x80) return Number(`0x${field.subarray(1).toString('hex')}`)
  const text = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim()
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN
}

function nameOf(block: Buffer): string {
  const name = textOf(block.subarray(0, 100))
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

function readExtension(type: string, payload: Buffer): Extension {
  if (type === 'L') return { name: textOf(payload) }
  return type === 'K' ? { linkName: textOf(payload) } : readPax(payload)
}

/** Records are `<length> <key>=<value>\n`, where the length counts the whole record. */
function readPax(payload: Buffer): Extension {
  const found: { name?: string; linkName?: string; size?: number } = {}
  const text = payload.toString('latin1')
  for (let position = 0; position < text.length; ) {
    const space = text.indexOf(' ', position)
    const length = Number(text.slice(position, space))
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - position) return found
    const record = text.slice(space + 1, position + length - 1)
    const [key, value] = [record.slice(0, record.indexOf('=')), record.slice(record.indexOf('=') + 1)]
    if (key === 'path') found.name = value
    if (key === 'linkpath') found.linkName = value
    if (key === 'size') found.size = Number(value)
    position += length
  }
  return found
}

function bad(path: string, problem: string): RegistryError {
  return new RegistryError('bad-layout', `${quote(path)}: ${problem}; copy or make the tar file again`)
}
