import { type ChunkFormat, FLIST_CHUNKS, type FlistNode, listChunks } from '@tf-images/flist'
import { toText } from './context.ts'

const typeLetters = {
  directory: 'd',
  file: '-',
  symlink: 'l',
  character: 'c',
  block: 'b',
  fifo: 'p',
  socket: 's',
} as const

/** One line as `ls -l --numeric-uid-gid` gives it: mode, owner, size or device, UTC time, name. A byte string. */
export function listingLine(name: string, node: FlistNode): string {
  const owner = `${node.uid}/${node.gid}`.padEnd(9)
  const time = new Date(node.mtime * 1000).toISOString().slice(0, 16).replace('T', ' ')
  const target = node.type === 'symlink' ? ` -> ${node.target}` : ''
  return `${modeText(node)} ${owner} ${sizeText(node).padStart(11)} ${time} ${escapeControls(name + target)}`
}

function sizeText(node: FlistNode): string {
  if (node.type === 'file') return String(node.size)
  if (node.type === 'character' || node.type === 'block') return `${node.major},${node.minor}`
  return node.type === 'symlink' ? String(node.target.length) : '-'
}

/** `drwxr-xr-x`, with s, S, t and T for setuid, setgid and sticky. */
export function modeText(node: FlistNode): string {
  const bits = [...'rwxrwxrwx'].map((letter, index) => (node.mode & (0o400 >> index) ? letter : '-'))
  const special = (bit: number, index: number, letters: string) => {
    if (node.mode & bit) bits[index] = letters[bits[index] === 'x' ? 0 : 1] ?? '-'
  }
  special(0o4000, 2, 'sS')
  special(0o2000, 5, 'sS')
  special(0o1000, 8, 'tT')
  return typeLetters[node.type] + bits.join('')
}

// A name must not move the cursor or forge a second line.
function escapeControls(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escaping them is the purpose
  return bytes.replace(/[\u0000-\u001f\u007f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/**
 * An entry for machines. `path` is UTF-8; a name that is not is given exactly in `pathHex`. `format` is that of the flist
 * (`flist.chunkFormat`).
 */
export function nodeAsJson(path: string, node: FlistNode, format: ChunkFormat = FLIST_CHUNKS): Record<string, unknown> {
  const text = toText(path)
  const exact = Buffer.from(text, 'utf8').toString('latin1') === path
  const { type, uid, gid, mtime } = node
  return {
    path: `/${text}`,
    ...(exact ? {} : { pathHex: Buffer.from(path, 'latin1').toString('hex') }),
    type,
    mode: node.mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    mtime,
    ...(node.type === 'file' ? { size: node.size, chunks: chunksOf(node.content, format) } : {}),
    ...(node.type === 'symlink' ? { target: toText(node.target) } : {}),
    ...(node.type === 'character' || node.type === 'block' ? { major: node.major, minor: node.minor } : {}),
  }
}

function chunksOf(content: Uint8Array, format: ChunkFormat): { id: string; key: string }[] {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  return Array.from(listChunks(content, format), ({ id, key }) => ({ id: hex(id), key: hex(key) }))
}

/** Several lines about one entry. */
export function describeNode(path: string, node: FlistNode, format: ChunkFormat = FLIST_CHUNKS): string {
  const { chunks, ...fields } = nodeAsJson(path, node, format)
  const lines = Object.entries({
    ...fields,
    mode: `${fields.mode} ${modeText(node)}`,
    mtime: new Date(node.mtime * 1000).toISOString(),
  })
  const chunkLines = ((chunks ?? []) as { id: string; key: string }[]).map(
    ({ id, key }) => `chunk       ${id} key ${key}`,
  )
  return [...lines.map(([name, value]) => `${name.padEnd(11)} ${escapeControls(String(value))}`), ...chunkLines].join(
    '\n',
  )
}
