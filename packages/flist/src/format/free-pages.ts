import { PAGE_BYTES, type PageStream } from './page-stream.ts'

/** Numbers on a page of the list: as many as the oldest versions of SQLite read, which is six fewer than there is room for. */
const PAGE_NUMBERS = PAGE_BYTES / 4 - 8

/** Adds the list of free pages, itself on free pages, and gives the number of its first page, 0 when there is none, and how many are free. */
export function addFreeList(pages: PageStream, free: readonly number[]): { freeList: number; free: number } {
  let freeList = 0
  let count = free.length
  for (let start = 0; start < free.length; start += PAGE_NUMBERS) {
    const numbers = free.slice(start, start + PAGE_NUMBERS)
    const number = pages.next
    const page = pages.add()
    for (const [index, value] of [freeList, numbers.length, ...numbers].entries()) page.writeUInt32BE(value, 4 * index)
    freeList = number
    count++
  }
  return { freeList, free: count }
}
