import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openKnownChunks } from './known-chunks.ts'

const pair = (n: number) => ({ key: `key ${n}`.padEnd(16, '\xff'), id: `id ${n}`.padEnd(16, '\0') })

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'known-chunks-'))
  file = join(folder, 'known-chunks')
})
afterEach(() => rm(folder, { recursive: true }))

test('what was remembered is known, now and later', () => {
  const first = openKnownChunks(file)
  expect(first.idOf(pair(1).key)).toBeUndefined()
  first.remember([pair(1), pair(2)])
  first.remember([pair(3)])
  for (const known of [first, openKnownChunks(file)]) {
    expect([1, 2, 3, 4].map((n) => known.idOf(pair(n).key))).toEqual(
      [1, 2, 3].map((n) => pair(n).id).concat([undefined] as never),
    )
  }
})

test('tables of both formats know their own', () => {
  const long = ({ key, id }: { key: string; id: string }) => ({ key: key.repeat(2), id: id.repeat(2) })
  const [flist, fl] = [openKnownChunks(file), openKnownChunks(`${file}-fl`, 'fl')]
  flist.remember([pair(1)])
  fl.remember([long(pair(1)), long(pair(2))])
  fl.remember([long(pair(3))])
  const again = openKnownChunks(`${file}-fl`, 'fl')
  expect([1, 2, 3, 4].map((n) => again.idOf(long(pair(n)).key))).toEqual(
    [1, 2, 3].map((n) => long(pair(n)).id).concat([undefined] as never),
  )
  expect(openKnownChunks(`${file}-fl`).idOf(pair(1).key)).toBe(undefined)
})

test('several that append share one table', () => {
  const [one, two] = [openKnownChunks(file), openKnownChunks(file)]
  one.remember([pair(1)])
  two.remember([pair(2)])
  one.remember([pair(3)])
  const known = openKnownChunks(file)
  expect([1, 2, 3].map((n) => known.idOf(pair(n).key))).toEqual([1, 2, 3].map((n) => pair(n).id))
})

test('what is known is not written again', async () => {
  openKnownChunks(file).remember([pair(1)])
  const before = await readFile(file)
  openKnownChunks(file).remember([pair(1)])
  expect(await readFile(file)).toEqual(before)
})

const flip = (at: number) => async () => {
  const bytes = await readFile(file)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(file, bytes)
}

test.each([
  ['of another version', flip(11)],
  ['with a changed count', flip(16)],
  ['with a changed id', flip(16 + 4 + 20)],
  ['with a changed checksum', flip(16 + 4 + 64)],
  ['that was cut off in a block', () => truncate(file, 60)],
  ['with a block cut off in its count', () => appendFile(file, 'ab')],
  ['with something behind it', () => appendFile(file, Buffer.alloc(200, 1))],
  ['that is something else', () => writeFile(file, 'not a table')],
  ['that is longer than any', () => appendFile(file, Buffer.alloc(5 << 20))],
])('a table %s is not believed, and begun anew', async (_, damage) => {
  openKnownChunks(file).remember([pair(1), pair(2)])
  await damage()
  const known = openKnownChunks(file)
  expect([1, 2].map((n) => known.idOf(pair(n).key))).toEqual([undefined, undefined])
  known.remember([pair(3)])
  expect([1, 3].map((n) => openKnownChunks(file).idOf(pair(n).key))).toEqual([undefined, pair(3).id])
})

test('where nothing can be written nothing fails', () => {
  const known = openKnownChunks(join(folder, 'missing', 'known-chunks'))
  known.remember([pair(1)])
  expect(known.idOf(pair(1).key)).toBe(pair(1).id)
})
