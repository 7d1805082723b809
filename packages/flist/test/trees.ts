import fc from 'fast-check'
import { CHUNK_SIZE } from '../src/codec/chunk.ts'
import { type ChunkFormat, FLIST_CHUNKS } from '../src/codec/chunk-format.ts'
import type { Attributes, ChunkList, DirectoryNode, FileNode, Node, SpecialNode, SymlinkNode } from '../src/tree.ts'

type Details = Partial<Pick<Attributes, 'mode' | 'uid' | 'gid' | 'mtime'>>

const PLAIN = { uid: 0, gid: 0, mtime: 1_500_000_000 }

/** A directory as a literal: names in UTF-8. */
export function directory(
  children: Record<string, Node<ChunkList>> = {},
  details: Details = {},
): DirectoryNode<ChunkList> {
  const entries = Object.entries(children).map(([name, node]) => [bytes(name), node] as const)
  return { type: 'directory', mode: 0o755, ...PLAIN, ...details, children: new Map(entries) }
}

/** A file as a literal; without content it is empty. */
export function file(size = 0, content: ChunkList = new Uint8Array(), details: Details = {}): FileNode<ChunkList> {
  return { type: 'file', mode: 0o644, ...PLAIN, ...details, size, content }
}

/** A symlink as a literal. */
export function symlink(target: string, details: Details = {}): SymlinkNode {
  return { type: 'symlink', mode: 0o777, ...PLAIN, ...details, target: bytes(target) }
}

/** A special file as a literal. */
export function special(type: SpecialNode['type'], major = 0, minor = 0, details: Details = {}): SpecialNode {
  return { type, mode: 0o600, ...PLAIN, ...details, major, minor }
}

/** The byte string of a text. */
export function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

const byteText = (minLength: number, maxLength: number, without: readonly number[]) =>
  fc
    .array(
      fc.integer({ min: 0, max: 255 }).filter((byte) => !without.includes(byte)),
      { minLength, maxLength },
    )
    .map((codes) => String.fromCharCode(...codes))

/** Names as images have them and as nobody should: any bytes, long ones, ones that other systems treat as special. */
export const anyName = fc
  .oneof(
    { weight: 3, arbitrary: byteText(1, 12, [0, 0x2f]) },
    { weight: 1, arbitrary: byteText(250, 255, [0, 0x2f]) },
    fc.constantFrom(
      '...',
      '-rf',
      ' ',
      '\n',
      '__proto__',
      'constructor',
      '.wh.x',
      '\xe9',
      bytes('é'),
      'é'.normalize('NFD').slice(0, 1),
    ),
  )
  .filter((name) => name !== '.' && name !== '..')

const uint32 = fc.oneof(fc.constantFrom(0, 1, 65534, 2 ** 31, 2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }))

const attributes = fc.record({ mode: fc.integer({ min: 0, max: 0o7777 }), uid: uint32, gid: uint32, mtime: uint32 })

/** No id is all zeros, of 16 bytes or of 32. */
const markIds = (content: Uint8Array<ArrayBuffer>) => content.map((byte, at) => (at % 32 === 0 ? byte | 1 : byte))

const anyFile = (entryBytes: number): fc.Arbitrary<Node<ChunkList>> =>
  attributes.chain((common) =>
    fc.integer({ min: 0, max: 4 }).chain((chunks) =>
      fc.record({
        type: fc.constant('file' as const),
        mode: fc.constant(common.mode),
        uid: fc.constant(common.uid),
        gid: fc.constant(common.gid),
        mtime: fc.constant(common.mtime),
        size:
          chunks === 0 ? fc.constant(0) : fc.integer({ min: (chunks - 1) * CHUNK_SIZE + 1, max: chunks * CHUNK_SIZE }),
        content: fc.uint8Array({ minLength: chunks * entryBytes, maxLength: chunks * entryBytes }).map(markIds),
      }),
    ),
  )

const anySymlink: fc.Arbitrary<Node<ChunkList>> = fc
  .tuple(attributes, byteText(1, 300, [0]))
  .map(([common, target]) => ({ type: 'symlink', ...common, mode: 0o777, target }))

const anySpecial: fc.Arbitrary<Node<ChunkList>> = fc
  .tuple(
    attributes,
    fc.constantFrom('character' as const, 'block' as const, 'fifo' as const, 'socket' as const),
    uint32,
    uint32,
  )
  .map(([common, type, major, minor]) => {
    const isDevice = type === 'character' || type === 'block'
    return { type, ...common, major: isDevice ? major : 0, minor: isDevice ? minor : 0 }
  })

/** Trees of everything a flist of a format can hold. */
export const anyTreeOf = ({ entryBytes }: ChunkFormat): fc.Arbitrary<DirectoryNode<ChunkList>> =>
  fc.letrec<{
    directory: DirectoryNode<ChunkList>
    node: Node<ChunkList>
  }>((tie) => ({
    directory: fc
      .tuple(attributes, fc.array(fc.tuple(anyName, tie('node')), { maxLength: 8 }))
      .map(([common, children]) => ({ type: 'directory' as const, ...common, children: new Map(children) })),
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      anyFile(entryBytes),
      anySymlink,
      anySpecial,
      tie('directory'),
    ),
  })).directory

/** Trees of everything a 0-flist can hold. */
export const anyTree = anyTreeOf(FLIST_CHUNKS)
