/** Bytes of a page of a database. */
export const PAGE_BYTES = 4096

/** Pages that are handed on together, 512 KiB. The bytes of a flist depend on it. */
const PIECE_PAGES = 128

/** The page SQLite locks bytes of and stores nothing in. https://sqlite.org/fileformat2.html#the_lock_byte_page */
const LOCK_BYTE_PAGE = 2 ** 30 / PAGE_BYTES + 1

/** The pages of a database in their order. The first one, which tells where the others are, is not among them. */
export type PageStream = {
  /** Pages so far, with the first one */
  readonly count: number
  /** The number of the page that is added next */
  readonly next: number
  /** An empty page, to be filled before the next one is added. */
  add(): Buffer
  /** Hands on what has less than a piece. */
  flush(): void
  /** Counts pages that come from elsewhere, when all others are handed on. */
  skip(pages: number): void
}

/** Starts with page 2. `sink` gets the pages in pieces, which it may keep: they do not change any more. */
export function createPageStream(sink: (piece: Buffer) => void): PageStream {
  const pieceBytes = PIECE_PAGES * PAGE_BYTES
  let piece: Buffer | undefined
  let used = 0
  let pages = 1
  const flush = () => {
    if (piece) sink(piece.subarray(0, used))
    piece = undefined
    used = 0
  }
  const take = () => {
    if (used === pieceBytes) flush()
    piece ??= Buffer.alloc(pieceBytes)
    pages++
    used += PAGE_BYTES
    return piece.subarray(used - PAGE_BYTES, used)
  }
  return {
    get count() {
      return pages
    },
    get next() {
      return pages + 1 === LOCK_BYTE_PAGE ? LOCK_BYTE_PAGE + 1 : pages + 1
    },
    add() {
      if (pages + 1 === LOCK_BYTE_PAGE) take()
      return take()
    },
    flush,
    skip(more) {
      pages += more
    },
  }
}
