import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  applyLayers,
  decodeLayer,
  decompress,
  encodeLayer,
  type Layer,
  RootfsError,
  readLayer,
  readRootTar,
  walkTree,
} from '../packages/rootfs/src/index.ts'
import {
  directory,
  file,
  hardlink,
  symlink,
  tarOf,
  textStore,
  whiteout,
} from '../packages/rootfs/test/layer-builder.ts'
import { archive } from '../packages/rootfs/test/read-entries.ts'
import { member, pax, slices } from '../packages/rootfs/test/tar-builder.ts'
import type { Target } from './target.ts'
import { checkPaths } from './tree-paths.ts'

const BLOCK = 512
// What a mutant may claim to be is bounded, so that a hole of a terabyte is refused and not written.
const limits = { contentBytes: 1 << 20, entries: 1000 }

/** Gives every block that looks like a header the checksum it should have. */
export function repairChecksums(tar: Buffer): Buffer {
  for (let at = 0; at + BLOCK <= tar.length; at += BLOCK) {
    const block = tar.subarray(at, at + BLOCK)
    if (!block.toString('latin1', 257, 262).startsWith('usta')) continue
    block.fill(' ', 148, 156)
    const sum = block.reduce((total, byte) => total + byte, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  }
  return tar
}

async function readAsLayer(input: Buffer): Promise<void> {
  const layer = await readLayer(slices(input, 700), textStore(), { limits })
  checkPaths(walkTree(applyLayers([layer, layer])))
}

async function readAsBlob(input: Buffer): Promise<void> {
  const plain = decompress(slices(input, 300), { limits: { plainBytes: 1 << 20 } })
  checkPaths(walkTree(await readRootTar(plain, textStore(), { limits })))
}

const IDENTITY = 'the layer'
const INDEX_HEADER = 48
const CHECKSUM = 16

const indexOf = (layer: Layer<string>) =>
  Buffer.from(encodeLayer(layer, IDENTITY, (content) => Buffer.from(content, 'latin1')))

/** Gives an index the checksum it should have. */
function repairIndex(index: Buffer): Buffer {
  if (index.length < INDEX_HEADER) return index
  const hash = createHash('sha256').update(index.subarray(0, CHECKSUM)).update(index.subarray(INDEX_HEADER))
  index.set(hash.digest(), CHECKSUM)
  return index
}

function readIndex(index: Buffer): void {
  const decode = (content: Uint8Array, size: number) => {
    if (content.length !== size) throw new Error('the content has another size')
    return Buffer.from(content).toString('latin1')
  }
  const layer = decodeLayer(index, IDENTITY, decode)
  // Only what is encoded as it was decoded says the same.
  if (Buffer.compare(entriesOf(indexOf(layer)), entriesOf(index)) !== 0) throw new Error('it has several forms')
  checkPaths(walkTree(applyLayers([layer, layer])))
}

const entriesOf = (index: Buffer) => zstdDecompressSync(index.subarray(INDEX_HEADER))

/** An index of these entries, as they are before compression. */
function readEntries(entries: Buffer): void {
  const index = Buffer.concat([EMPTY_INDEX.subarray(0, INDEX_HEADER), zstdCompressSync(entries)])
  index.writeUInt32LE(entries.length, 12)
  readIndex(repairIndex(index))
}

const EMPTY_INDEX = indexOf({ name: 'empty', entries: [] })

/** Frames with and without their size, one to skip between them, and one of blocks of all kinds. */
function zstdStreams(tar: Buffer): Buffer[] {
  const skippable = Buffer.from('502a4d180400000061626364', 'hex')
  const half = tar.length >> 1
  const frames = [tar.subarray(0, half), tar.subarray(half)].map((part) => zstdCompressSync(part))
  // Without its size in the header, as a stream is compressed: window descriptor instead of the size.
  const raw = (bytes: Buffer) => {
    const header = Buffer.from('28b52ffd0058', 'hex')
    const block = Buffer.alloc(3)
    block.writeUIntLE((bytes.length << 3) | 1, 0, 3)
    return Buffer.concat([header, block, bytes])
  }
  return [Buffer.concat([...frames.slice(0, 1), skippable, ...frames.slice(1)]), raw(tar)]
}

/** Archives of all kinds of entries. */
async function seeds(): Promise<Buffer[]> {
  const layer = await tarOf({
    'd/': directory({ mode: 0o1777, uid: 5 }),
    'd/f': file('content'),
    'd/l': symlink('../d/f'),
    'd/h': hardlink('d/f'),
    'd/.wh.gone': whiteout(),
    'o/.wh..wh..opq': whiteout(),
    [`${'long/'.repeat(40)}name`]: file('long'),
  })
  const sparse = archive(
    pax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'sparse'],
      ['GNU.sparse.realsize', '3000'],
    ]),
    member({ name: 'sparse' }, `${'1\n2000\n4\n'.padEnd(BLOCK, '\0')}data`),
  )
  const attributes = archive(
    pax([
      ['path', 'renamed'],
      ['mtime', '-1.5'],
      ['uid', '300000'],
      ['SCHILY.xattr.security.capability', '\x01\0\0\x02'],
    ]),
    member({ typeflag: 'L' }, 'a-long-name\0'),
    member({ name: 'x' }, 'y'),
  )
  return [layer, sparse, attributes]
}

export async function rootfsTargets(): Promise<Target[]> {
  const tars = await seeds()
  const blobs = tars.flatMap((tar) => [
    gzipSync(tar),
    Buffer.concat([gzipSync(tar.subarray(0, BLOCK)), gzipSync(tar.subarray(BLOCK))]),
    zstdCompressSync(tar),
    ...zstdStreams(tar),
  ])
  const indexes = await Promise.all(tars.map(async (tar) => indexOf(await readLayer(slices(tar), textStore()))))
  const entries = indexes.map(entriesOf)
  const refusal = RootfsError
  return [
    { name: 'tar', weight: 40, seeds: tars, repair: repairChecksums, read: readAsLayer, refusal },
    { name: 'compressed', weight: 10, seeds: blobs, read: readAsBlob, refusal },
    { name: 'layer-index', weight: 4, seeds: indexes, repair: repairIndex, read: readIndex, refusal },
    { name: 'layer-entries', weight: 15, seeds: entries, read: readEntries, refusal },
  ]
}
