import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChunkList, type DirectoryNode, openChunkStore, writeFlist } from '@tf-images/flist'
import { expect, onTestFinished, test } from 'vitest'
import { isConvertedFlist } from './converted-flist.ts'

const backend = { host: 'hub.example', port: 9900, namespace: 'default' }
const expected = { digest: 'sha256:1', converter: '2', backend }
const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 0 }

/** A flist with one file, whose chunk the store does not have. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'converted-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = await openChunkStore(join(folder, 'chunks'))
  onTestFinished(() => store.close())
  const path = join(folder, 'a.flist')
  const write = (files: DirectoryNode<ChunkList>['children'] = new Map()) =>
    writeFlist(
      { type: 'directory', ...attributes, children: files },
      { backend, image: { digest: 'sha256:1', converter: '2' } },
      path,
    )
  return { path, write, is: (change = {}) => isConvertedFlist(path, { ...expected, ...change }, store) }
}

test('a whole flist of the image is one', async () => {
  const { write, is } = await world()
  await write()
  expect(await is()).toBe(true)
})

test.each([
  ['another image', { digest: 'sha256:2' }],
  ['another converter', { converter: '3' }],
  ['another backend', { backend: { ...backend, host: 'other.example' } }],
])('one of %s is not', async (_, change) => {
  const { write, is } = await world()
  await write()
  expect(await is(change)).toBe(false)
})

test('one that is not there, cut off, something else, or lacks chunks is not', async () => {
  const { path, write, is } = await world()
  expect(await is()).toBe(false)
  await write()
  await truncate(path, 100)
  expect(await is()).toBe(false)
  await writeFile(path, 'something else')
  expect(await is()).toBe(false)
  const content = new Uint8Array(32).fill(7)
  await write(new Map([['file', { type: 'file', ...attributes, size: 3, content }]]))
  expect(await is()).toBe(false)
})
