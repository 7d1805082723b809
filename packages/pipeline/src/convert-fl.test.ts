import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkFlist, extractFlist, openChunkStore } from '@tf-images/flist'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConvertOptions, convertSource } from './convert.ts'
import { parseFidelityClasses } from './fidelity/classes.ts'
import { openFlistAt } from './read.ts'
import { openSource } from './source.ts'

let folder: string
const path = (...names: string[]) => join(folder, ...names)
const BIG = Buffer.alloc(1_200_000, 'some text that repeats ')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convert-fl-'))
  await mkdir(path('root/etc'), { recursive: true })
  await writeFile(path('root/etc/big'), BIG)
  await writeFile(path('root/empty'), '')
  await chmod(path('root/etc/big'), 0o750)
  await symlink('etc/big', path('root/link'))
  for (const name of ['etc/big', 'empty', 'etc', '']) await utimes(path('root', name), 1_600_000_000, 1_600_000_000)
})
afterAll(() => rm(folder, { recursive: true }))

async function convert(output: string, url = `dir://${path('chunks')}`, options: ConvertOptions = {}) {
  const store = await openChunkStore(path('chunks'))
  const source = await openSource(path('root'), { platform: 'linux/amd64', credentials: async () => undefined })
  try {
    return await convertSource(source, path(output), store, {
      ...options,
      fl: { routes: [{ start: 0, end: 255, url }] },
    })
  } finally {
    await source.close()
    await store.close()
  }
}

test('a directory becomes a sound .fl with its chunks, and a directory again', async () => {
  expect(await convert('a.fl')).toMatchObject({ files: 2, symlinks: 1, chunks: 3, newChunks: 3 })
  await using opened = await openFlistAt(path('a.fl'), path('chunks'))
  expect(await checkFlist(opened.flist, await opened.chunks(), { contents: true })).toMatchObject({ ok: true })
  await extractFlist(opened.flist, await opened.chunks(), path('out'))
  expect(Buffer.compare(await readFile(path('out/etc/big')), BIG)).toBe(0)
  expect(await readlink(path('out/link'))).toBe('etc/big')
  for (const name of ['', 'etc', 'etc/big', 'empty']) {
    const [before, after] = [await lstat(path('root', name)), await lstat(path('out', name))]
    expect([after.mode, after.uid, after.gid, after.mtimeMs]).toEqual([
      before.mode,
      before.uid,
      before.gid,
      before.mtimeMs,
    ])
  }
})

test('the same directory gives the same bytes, and no new chunk', async () => {
  await convert('b.fl')
  expect(await convert('c.fl')).toMatchObject({ newChunks: 0, newBytes: 0 })
  expect(Buffer.compare(await readFile(path('b.fl')), await readFile(path('c.fl')))).toBe(0)
})

test('a directory that a .fl names for its chunks is not taken without being asked for', async () => {
  await convert('d.fl')
  await using opened = await openFlistAt(path('d.fl'))
  await expect(opened.chunks()).rejects.toThrow('names no backend for its chunks; give one with --chunks')
})

test('routes are checked before anything is converted', async () => {
  await expect(convert('e.fl', 'nowhere')).rejects.toMatchObject({ code: 'invalid' })
})

test('strict keeps a .fl that is not faithful from appearing', async () => {
  const strict = parseFidelityClasses('xattrs-not-read')
  await expect(convert('f.fl', undefined, { strict })).rejects.toMatchObject({ code: 'not-faithful' })
  await expect(lstat(path('f.fl'))).rejects.toMatchObject({ code: 'ENOENT' })
})
