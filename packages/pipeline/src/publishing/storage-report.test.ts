import { byteString, type TreeSummary } from '@tf-images/flist'
import { expect, test } from 'vitest'
import type { FlistContent } from './flist-content.ts'
import { readStorage } from './storage-report.ts'
import { storageMarkdown } from './storage-text.ts'

const id = (number: number) => Buffer.alloc(16, number)

/** A flist with chunks 1 … n of 1000 × their number bytes, in files called after them. */
function makeContent(count: number): FlistContent {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const chunks = new Map(
    numbers.map((number) => [byteString(id(number)), { id: id(number), bytes: 1000 * number, path: `f|${number}` }]),
  )
  const summary = { files: count, bytes: 500_000 } as TreeSummary
  return { path: 'x.flist', flistBytes: 1234, md5: '', summary, metadata: {}, chunks }
}

/** A backend that has the chunks up to a number. */
const backendWith = (most: number) => ({
  missing: async (ids: readonly Uint8Array[]) => ids.filter((each) => (each[0] ?? 0) > most),
})

test('what is there, what is sent, what is shared', async () => {
  const others = {
    flists: [
      { name: 'small.flist', chunks: new Set([byteString(id(1)), byteString(id(200))]) },
      { name: 'large.flist', chunks: new Set([1, 2, 3].map((number) => byteString(id(number)))) },
      { name: 'other.flist', chunks: new Set([byteString(id(201))]) },
    ],
    notCompared: 2,
  }
  const { report, missing } = await readStorage(makeContent(20), backendWith(5), others)
  expect(missing).toHaveLength(15)
  expect(report).toMatchObject({
    unique: { chunks: 20, bytes: 210_000 },
    onBackend: { chunks: 5, bytes: 15_000 },
    toSend: { chunks: 15, bytes: 195_000 },
    sharedWith: [
      { name: 'large.flist', chunks: 3, bytes: 6000 },
      { name: 'small.flist', chunks: 1, bytes: 1000 },
    ],
    notCompared: 2,
  })
  expect(report.largestNew).toHaveLength(10)
  expect(report.largestNew[0]).toEqual({ path: '/f|20', bytes: 20_000 })
})

test('as Markdown, whatever names there are', async () => {
  const { report } = await readStorage(makeContent(2), backendWith(1))
  expect(storageMarkdown('app.flist', { ...report, sendBytes: 900 })).toBe(`### app.flist

|  |  |
| --- | --- |
| flist | 1.23 kB |
| files | 2, 500 kB |
| unique chunks | 2 chunks, 3.00 kB |
| on the backend | 1 chunks, 1.00 kB |
| to send | 1 chunks, 2.00 kB, 900 bytes as stored |

Largest new files:

| file | new |
| --- | --- |
| \`/f\\|2\` | 2.00 kB |
`)
})
