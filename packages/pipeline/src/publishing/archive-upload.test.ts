import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChunkList, createChunkWriter, hashTree, type Node, openChunkStore, writeFlist } from '@tf-images/flist'
import { decompress, readRootTar } from '@tf-images/rootfs'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/converted.ts'
import { writeArchive } from './archive-upload.ts'

const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 1_600_000_000 }
const LONG = 'n'.repeat(150)

/** A tree with what is hard for archives: long names and targets, large owners, devices, names that are not UTF-8. */
async function makeTree(folder: string) {
  const store = await openChunkStore(join(folder, 'chunks'))
  await using writer = createChunkWriter(store, { workers: 0 })
  async function file(text: string, attributes: object = {}): Promise<Node<ChunkList>> {
    const content = writer.open(text.length)
    await content.write(Buffer.from(text))
    return { type: 'file', ...ATTRIBUTES, mode: 0o4755, size: text.length, content: content.end(), ...attributes }
  }
  const directory = (children: Record<string, Node<ChunkList>>) => ({
    type: 'directory' as const,
    ...ATTRIBUTES,
    mode: 0o1777,
    children: new Map(Object.entries(children)),
  })
  const device = { ...ATTRIBUTES, mode: 0o600, major: 8, minor: 17 }
  const root = directory({
    empty: await file(''),
    large: await file('x'.repeat(1_300_000)),
    [LONG]: directory({ [LONG]: await file('long', { uid: 3_000_000_000, gid: 3_000_000_001 }) }),
    target: { type: 'symlink', ...ATTRIBUTES, mode: 0o777, target: `../${LONG}` },
    '\xff\xfe': await file('not UTF-8'),
    disk: { type: 'block', ...device },
    console: { type: 'character', ...device },
    pipe: { type: 'fifo', ...device, major: 0, minor: 0 },
    late: await file('late', { mtime: 4_294_967_295 }),
  })
  await writer.flush()
  await writeFlist(root, {}, join(folder, 'tree.flist'))
  return { root, store }
}

test('the archive of a flist has its tree, and the same bytes every time', async () => {
  const folder = await temporaryFolder()
  const { root, store } = await makeTree(folder)
  const archive = join(folder, 'tree.tar.gz')
  await writeArchive(join(folder, 'tree.flist'), store, archive)
  await writeArchive(join(folder, 'tree.flist'), store, join(folder, 'again.tar.gz'))
  expect(await readFile(join(folder, 'again.tar.gz'))).toEqual(await readFile(archive))

  const writer = createChunkWriter(store, { workers: 0 })
  const read = await readRootTar(decompress(createReadStream(archive)), writer)
  await writer.flush()
  expect(hashTree(read)).toBe(hashTree(root))
  await store.close()
})

test('GNU tar reads it, and finds numbers for owners and no names', async () => {
  const folder = await temporaryFolder()
  const { store } = await makeTree(folder)
  await writeArchive(join(folder, 'tree.flist'), store, join(folder, 'tree.tar.gz'))
  const listing = execFileSync('tar', ['-tvzf', join(folder, 'tree.tar.gz')], {
    encoding: 'latin1',
    env: { TZ: 'UTC' },
  })
  const lines = listing.trimEnd().split('\n').sort()
  expect(lines).toHaveLength(11)
  expect(listing).toContain(`3000000000/3000000001 4 2020-09-13 12:26 ./${LONG}/${LONG}`)
  expect(listing).toContain(`./target -> ../${LONG}`)
  expect(listing).toMatch(/^brw------- 0\/0 +8,17 .* \.\/disk$/m)
  expect(listing).toMatch(/2106-02-07 06:28 \.\/late$/m)
  expect(listing).not.toMatch(/root|daemon/)
  await store.close()
})
