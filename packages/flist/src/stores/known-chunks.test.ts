import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type KnownChunks, openKnownChunks } from './known-chunks.ts'

/** A pair of a key and an id of `length` bytes each. */
const pair = (n: number, length = 16) =>
  Buffer.from(`key ${n}`.padEnd(length, '\xff') + `id ${n}`.padEnd(length, '\0'), 'latin1')
const pairs = (...numbers: number[]) => Buffer.concat(numbers.map((n) => pair(n)))

/** Of these pairs those whose key has their id. */
const found = (known: KnownChunks, numbers: number[], length = 16) =>
  numbers.filter((n) => {
    const id = known.idOf(pair(n, length), 0)
    return id !== undefined && Buffer.compare(id, pair(n, length).subarray(length)) === 0
  })

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'known-chunks-'))
  file = join(folder, 'known-chunks')
})
afterEach(() => rm(folder, { recursive: true }))

test('what was remembered is known, now and later', () => {
  const first = openKnownChunks(file)
  expect(first.idOf(pair(1), 0)).toBeUndefined()
  first.remember(pairs(1, 2))
  first.remember(pairs(3))
  for (const known of [first, openKnownChunks(file)]) {
    expect(found(known, [1, 2, 3, 4])).toEqual([1, 2, 3])
    expect(known.idOf(pair(4), 0)).toBeUndefined()
  }
})

test('keys are found wherever they begin', () => {
  const known = openKnownChunks(file)
  known.remember(pairs(1, 2))
  expect(known.idOf(pairs(5, 2), 32)).toEqual(new Uint8Array(pair(2).subarray(16)))
  expect(known.idOf(pairs(5, 2), 16)).toBeUndefined()
})

test('of two ids of one key the last one holds', () => {
  const other = Buffer.concat([pair(1).subarray(0, 16), Buffer.alloc(16, 'other')])
  openKnownChunks(file).remember(Buffer.concat([pair(1), pair(2), other]))
  const known = openKnownChunks(file)
  expect(found(known, [1, 2])).toEqual([2])
  expect(known.idOf(pair(1), 0)).toEqual(new Uint8Array(Buffer.alloc(16, 'other')))
})

test('many are as few', () => {
  const numbers = Array.from({ length: 5000 }, (_, i) => i)
  openKnownChunks(file).remember(pairs(...numbers))
  expect(found(openKnownChunks(file), [...numbers, 5000])).toEqual(numbers)
})

test('tables of both formats know their own', () => {
  const [flist, fl] = [openKnownChunks(file), openKnownChunks(`${file}-fl`, 'fl')]
  flist.remember(pairs(1))
  fl.remember(Buffer.concat([pair(1, 32), pair(2, 32)]))
  fl.remember(pair(3, 32))
  expect(found(openKnownChunks(`${file}-fl`, 'fl'), [1, 2, 3, 4], 32)).toEqual([1, 2, 3])
  expect(found(openKnownChunks(`${file}-fl`), [1])).toEqual([])
})

test('several that append share one table', () => {
  const [one, two] = [openKnownChunks(file), openKnownChunks(file)]
  one.remember(pairs(1))
  two.remember(pairs(2))
  one.remember(pairs(3))
  expect(found(openKnownChunks(file), [1, 2, 3])).toEqual([1, 2, 3])
})

test('what is known is not written again', async () => {
  openKnownChunks(file).remember(pairs(1))
  const before = await readFile(file)
  openKnownChunks(file).remember(pairs(1))
  expect(await readFile(file)).toEqual(before)
})

test('a large table is worth to be used for more than it takes to load, and for anything when it is', async () => {
  expect(openKnownChunks(file).worthFrom).toBe(0)
  const numbers = Array.from({ length: 5000 }, (_, i) => i)
  openKnownChunks(file).remember(pairs(...numbers))
  const { length } = await readFile(file)
  const known = openKnownChunks(file)
  expect(known.worthFrom).toBe(8 * length)
  expect(found(known, [1])).toEqual([1])
  expect(known.worthFrom).toBe(0)
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
  openKnownChunks(file).remember(pairs(1, 2))
  await damage()
  const known = openKnownChunks(file)
  expect([1, 2].map((n) => known.idOf(pair(n), 0))).toEqual([undefined, undefined])
  known.remember(pairs(3))
  expect(found(openKnownChunks(file), [1, 3])).toEqual([3])
})

test('where nothing can be written nothing fails', () => {
  const known = openKnownChunks(join(folder, 'missing', 'known-chunks'))
  known.remember(pairs(1))
  expect(found(known, [1])).toEqual([1])
})
