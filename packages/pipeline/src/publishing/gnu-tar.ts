import type { FlistNode } from '@tf-images/flist'

/** The unit of a tar archive, in bytes. */
const BLOCK = 512

/** No archive can have a socket. */
const TYPES = {
  file: '0',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  socket: undefined,
} as const

/** Two zero blocks. */
export const TAR_END = Buffer.alloc(2 * BLOCK)

/**
 * The header of one entry in the GNU format (https://www.gnu.org/software/tar/manual/html_node/Standard.html), with the
 * long-name entries it needs. Owners are numbers only: a hub extracts with its own names, and would map `daemon` to its own
 * uid. Names and targets are byte strings. Undefined for what no archive can have.
 */
export function tarHeader(path: string, node: FlistNode): Buffer | undefined {
  const type = TYPES[node.type]
  if (type === undefined) return undefined
  const name = node.type === 'directory' ? `./${path}${path === '' ? '' : '/'}` : `./${path}`
  const target = node.type === 'symlink' ? node.target : ''
  return Buffer.concat([...longText('K', target), ...longText('L', name), header(name, target, type, node)])
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** A text that has no room in a header, as an entry before it. */
function longText(type: 'K' | 'L', text: string): Buffer[] {
  if (text.length <= 100) return []
  const content = Buffer.from(`${text}\0`, 'latin1')
  const block = emptyHeader('././@LongLink', type)
  writeNumber(block, content.length, 124, 12)
  return [finished(block), content, tarPadding(content.length)]
}

function header(name: string, target: string, type: string, node: FlistNode): Buffer {
  const block = emptyHeader(name, type)
  writeNumber(block, node.type === 'symlink' ? 0o777 : node.mode, 100, 8)
  writeNumber(block, node.uid, 108, 8)
  writeNumber(block, node.gid, 116, 8)
  writeNumber(block, node.type === 'file' ? node.size : 0, 124, 12)
  writeNumber(block, node.mtime, 136, 12)
  block.write(target.slice(0, 100), 157, 'latin1')
  if (node.type === 'character' || node.type === 'block') {
    writeNumber(block, node.major, 329, 8)
    writeNumber(block, node.minor, 337, 8)
  }
  return finished(block)
}

function emptyHeader(name: string, type: string): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name.slice(0, 100), 0, 'latin1')
  for (const [at, length] of [
    [100, 8],
    [108, 8],
    [116, 8],
    [124, 12],
    [136, 12],
  ] as const)
    writeNumber(block, 0, at, length)
  block.write(type, 156, 'latin1')
  block.write('ustar  \0', 257, 'latin1')
  return block
}

/** Octal digits, or where they do not suffice GNU's base 256. */
function writeNumber(block: Buffer, value: number, at: number, length: number): void {
  const octal = value.toString(8)
  if (octal.length < length) {
    block.write(`${octal.padStart(length - 1, '0')}\0`, at, 'latin1')
    return
  }
  block.fill(0, at, at + length)
  block.writeBigUInt64BE(BigInt(value), at + length - 8)
  block.writeUInt8(block.readUInt8(at) | 0x80, at)
}

function finished(block: Buffer): Buffer {
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
