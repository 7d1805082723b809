import { gzipSync, zstdCompressSync } from 'node:zlib'
import { applyLayers, decompress, RootfsError, readLayer, readRootTar, walkTree } from '../packages/rootfs/src/index.ts'
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
  for (const _ of walkTree(applyLayers([layer, layer])));
}

async function readAsBlob(input: Buffer): Promise<void> {
  const plain = decompress(slices(input, 300), { limits: { plainBytes: 1 << 20 } })
  await readRootTar(plain, textStore(), { limits })
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
  const blobs = tars.flatMap((tar) => [gzipSync(tar), zstdCompressSync(tar)])
  return [
    { name: 'tar', weight: 40, seeds: tars, repair: repairChecksums, read: readAsLayer, refusal: RootfsError },
    { name: 'compressed', weight: 10, seeds: blobs, read: readAsBlob, refusal: RootfsError },
  ]
}
