import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { encodeChunk } from '../codec/chunk.ts'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { openDirectoryStore } from './directory-store.ts'

const HELLO = encodeChunk(Buffer.from('hello\n'))
const HELLO_PATH = 'c3/09c3f7f892348c62968c0378202ead'
const OTHER = encodeChunk(Buffer.from('other\n'))

const fault = vi.hoisted(() => ({ code: undefined as string | undefined }))
/** Files that were looked for. */
const asked = vi.hoisted(() => ({ count: 0 }))
// A full disk cannot be had without being root; everything else is the real file system.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  const statSync = ((path, options) => {
    asked.count++
    return real.statSync(path, options)
  }) as typeof real.statSync
  const renameSync: typeof real.renameSync = (...args) => {
    if (fault.code) throw Object.assign(new Error('write'), { code: fault.code })
    real.renameSync(...args)
  }
  return { ...real, renameSync, statSync }
})

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flist-store-'))
})
afterEach(async () => {
  fault.code = undefined
  await rm(root, { recursive: true })
})

test('a chunk is a file named by its id', async () => {
  const store = await openDirectoryStore(root)
  await store.put([HELLO])
  expect(await readFile(join(root, HELLO_PATH))).toEqual(Buffer.from(HELLO.data))
  expect(Buffer.from(await store.get(HELLO.id))).toEqual(Buffer.from(HELLO.data))
})

test('a chunk of a .fl is a file named by the whole id, where rfs looks for it', async () => {
  const store = await openDirectoryStore(root)
  const chunk = FL_CHUNKS.encode(Buffer.from('hello\n'))
  await store.put([chunk, HELLO])
  const name = Buffer.from(chunk.id).toString('hex')
  expect(await readFile(join(root, name.slice(0, 2), name))).toEqual(Buffer.from(chunk.data))
  expect(Buffer.from(await store.get(chunk.id))).toEqual(Buffer.from(chunk.data))
  expect(await store.missing([chunk.id, HELLO.id])).toEqual([])
  await writeFile(join(root, name.slice(0, 2), name), 'changed')
  await expect(store.get(chunk.id)).rejects.toMatchObject({ code: 'chunk-corrupt' })
})

test('the directory is made with its parents', async () => {
  const store = await openDirectoryStore(join(root, 'a/b'))
  await store.put([HELLO])
  expect(await readdir(join(root, 'a/b'))).toEqual(['c3'])
})

test('who only reads has no directory made', async () => {
  await expect(openDirectoryStore(join(root, 'none'), { create: false })).rejects.toMatchObject({
    code: 'store-failed',
    message: `${join(root, 'none')}: no such directory; give the chunk store that has the chunks`,
  })
  expect(await readdir(root)).toEqual([])
  await (await openDirectoryStore(root, { create: false })).put([HELLO])
  expect(await readdir(root)).toEqual(['c3'])
})

test('chunks it does not have are missing, in order; an empty file is no chunk', async () => {
  const store = await openDirectoryStore(root)
  await store.put([HELLO])
  expect(await store.missing([OTHER.id, HELLO.id])).toEqual([OTHER.id])
  await writeFile(join(root, HELLO_PATH), '')
  expect(await store.missing([OTHER.id, HELLO.id])).toEqual([OTHER.id, HELLO.id])
  expect(await store.missing([])).toEqual([])
})

test('storing again, and by several at once, leaves one file', async () => {
  const [one, two] = [await openDirectoryStore(root), await openDirectoryStore(root)]
  await Promise.all([one.put([HELLO, HELLO, OTHER]), two.put([OTHER, HELLO])])
  expect((await readdir(root, { recursive: true })).filter((name) => name.includes('/'))).toHaveLength(2)
})

test('of several chunks those that are not there are stored', async () => {
  await (await openDirectoryStore(root)).put([HELLO])
  const store = await openDirectoryStore(root)
  expect(await store.openMissingPut?.()([HELLO, OTHER])).toEqual([1])
  expect(await store.missing([HELLO.id, OTHER.id])).toEqual([])
  await writeFile(join(root, HELLO_PATH), '')
  expect(await (await openDirectoryStore(root)).openMissingPut?.()([OTHER, HELLO])).toEqual([1])
})

test('in a folder that was made for one of them others are not looked for', async () => {
  const [first, second] = chunksOfFolder('00')
  if (!first || !second) throw new Error('no two such chunks')
  for (const looked of [1, 2]) {
    const store = await openDirectoryStore(root)
    asked.count = 0
    const stored = await store.openMissingPut?.()([first, second])
    expect(stored).toEqual(looked === 1 ? [0, 1] : [])
    expect(asked.count).toBe(looked)
  }
})

/** Chunks whose ids begin with these digits. */
function chunksOfFolder(digits: string) {
  const chunks = Array.from({ length: 2000 }, (_, i) => encodeChunk(Buffer.from(`chunk ${i}`)))
  return chunks.filter(({ id }) => Buffer.from(id).toString('hex').startsWith(digits))
}

test('it takes chunks as they come', async () => {
  const store = await openDirectoryStore(root)
  async function* chunks() {
    yield HELLO
    yield OTHER
  }
  await store.put(chunks())
  expect(await store.missing([HELLO.id, OTHER.id])).toEqual([])
})

test('a chunk that is not there is missing', async () => {
  const store = await openDirectoryStore(root)
  await expect(store.get(HELLO.id)).rejects.toMatchObject({
    name: 'FlistError',
    code: 'chunk-missing',
    message: `${root}: no chunk "c309c3f7f892348c62968c0378202ead"; store it again from its source`,
  })
})

test('a changed chunk is not given out', async () => {
  const store = await openDirectoryStore(root)
  await store.put([HELLO])
  await writeFile(join(root, HELLO_PATH), 'something else')
  await expect(store.get(HELLO.id)).rejects.toMatchObject({
    code: 'chunk-corrupt',
    message: expect.stringContaining(`delete "${join(root, HELLO_PATH)}"`),
  })
})

test.each([
  ['ENOSPC', 'store-full', 'no space left; free some, or use another directory'],
  ['EDQUOT', 'store-full', 'no space left; free some, or use another directory'],
  ['EIO', 'store-failed', '(EIO); check the directory and its permissions'],
])('%s while storing is %s and leaves nothing half written', async (code, expected, text) => {
  const store = await openDirectoryStore(root)
  fault.code = code
  await expect(store.put([HELLO])).rejects.toMatchObject({ code: expected, message: expect.stringContaining(text) })
  expect(await readdir(join(root, 'c3'))).toEqual([])
})

test('a place where no directory can be is refused when it is opened', async () => {
  await writeFile(join(root, 'file'), '')
  await expect(openDirectoryStore(join(root, 'file'))).rejects.toMatchObject({
    code: 'store-failed',
    message: `${join(root, 'file')}: cannot make the directory (EEXIST); check the directory and its permissions`,
  })
})

test('what cannot be looked into is not taken for missing', async () => {
  const store = await openDirectoryStore(root)
  await symlink('c3', join(root, 'c3'))
  await expect(store.missing([HELLO.id])).rejects.toMatchObject({ code: 'store-failed' })
  await expect(store.get(HELLO.id)).rejects.toMatchObject({ code: 'store-failed' })
})

test('an aborted store does nothing more', async () => {
  const abort = new AbortController()
  const store = await openDirectoryStore(root, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(store.put([HELLO])).rejects.toThrow('enough')
  await expect(store.missing([HELLO.id])).rejects.toThrow('enough')
  await expect(store.get(HELLO.id)).rejects.toThrow('enough')
  expect(await readdir(root)).toEqual([])
})
