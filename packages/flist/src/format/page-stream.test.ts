import { expect, test } from 'vitest'
import { createPageStream, PAGE_BYTES } from './page-stream.ts'

/** Adds pages, each with its own number at its start. */
function addPages(count: number, sink: (piece: Buffer) => void): number {
  const pages = createPageStream(sink)
  for (let i = 0; i < count; i++) {
    const number = pages.next
    pages.add().writeUInt32BE(number)
  }
  pages.flush()
  return pages.count
}

test('pages are numbered from 2 and come in pieces of 512 KiB', () => {
  const pieces: Buffer[] = []
  expect(addPages(300, (piece) => pieces.push(piece))).toBe(301)
  expect(pieces.map(({ length }) => length / PAGE_BYTES)).toEqual([128, 128, 44])
  const bytes = Buffer.concat(pieces)
  const numbers = Array.from({ length: 300 }, (_, i) => bytes.readUInt32BE(i * PAGE_BYTES))
  expect(numbers).toEqual(Array.from({ length: 300 }, (_, i) => i + 2))
})

test.each([1, 127, 128, 129])('no piece is empty or comes twice: %i pages', (count) => {
  const pieces: number[] = []
  addPages(count, ({ length }) => pieces.push(length / PAGE_BYTES))
  expect(pieces).toEqual(count <= 128 ? [count] : [128, count - 128])
})

test('what is flushed is a piece, and pages from elsewhere are counted', () => {
  const pieces: Buffer[] = []
  const pages = createPageStream((piece) => pieces.push(piece))
  pages.flush()
  for (let i = 0; i < 130; i++) pages.add().writeUInt32BE(pages.count)
  pages.flush()
  pages.skip(1000)
  expect([pages.count, pages.next]).toEqual([1131, 1132])
  pages.add().writeUInt32BE(pages.count)
  pages.flush()
  pages.flush()
  expect(pieces.map((piece) => [piece.length / PAGE_BYTES, piece.readUInt32BE()])).toEqual([
    [128, 2],
    [2, 130],
    [1, 1132],
  ])
})

test('no pages, no piece', () => {
  const pieces: Buffer[] = []
  expect(addPages(0, (piece) => pieces.push(piece))).toBe(1)
  expect(pieces).toEqual([])
})

test('the page at 1 GiB, which SQLite locks, stays empty and nobody gets its number', () => {
  const locked = 2 ** 30 / PAGE_BYTES + 1
  const numbers: number[] = []
  let first = 2
  const pages = addPages(locked, (piece) => {
    for (let at = 0; at < piece.length; at += PAGE_BYTES, first++) {
      if (Math.abs(first - locked) <= 2) numbers.push(piece.readUInt32BE(at))
    }
  })
  expect(numbers).toEqual([locked - 2, locked - 1, 0, locked + 1, locked + 2])
  expect(pages).toBe(locked + 2)
})
