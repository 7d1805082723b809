import { FlistError } from '../errors.ts'
import { PAGE_BYTES, type PageStream } from './page-stream.ts'
import { createCellWriter, INDEX_MAX_LOCAL, TABLE_MAX_LOCAL, varintBytes, writeVarint } from './row-cells.ts'
import {
  addInterior,
  addLevel,
  endTreePage,
  INDEX_INTERIOR,
  INDEX_LEAF,
  placeCell,
  startTreePage,
  TABLE_INTERIOR,
  TABLE_LEAF,
  type TreeCells,
} from './tree-pages.ts'

/** A table of keys and values under construction. */
export type TableWriter = {
  /** Adds a row; rowids are 1, 2, 3 … in the order of the calls. */
  add(key: string, value: string | Uint8Array): void
  /** Adds the index of the keys and gives the numbers of both roots. Throws `invalid` when two rows have one key. */
  finish(): { readonly table: number; readonly index: number }
}

/** Starts a table with a unique index of its keys. Its leaves become pages when they are full, each after its overflow pages. */
export function createTable(name: string, pages: PageStream): TableWriter {
  const cells = createCellWriter(pages)
  const keys: string[] = []
  const leaves: { pages: number[]; dividers: number[] } = { pages: [], dividers: [] }
  const bytes = new Uint8Array(PAGE_BYTES)
  let leaf = startTreePage(bytes, TABLE_LEAF)
  const closeLeaf = () => {
    endTreePage(leaf)
    leaves.pages.push(pages.next)
    pages.add().set(bytes)
    leaf = startTreePage(bytes, TABLE_LEAF)
  }
  return {
    add(key, value) {
      const rowid = keys.push(key)
      const size = cells.take([key, value], TABLE_MAX_LOCAL, rowid)
      let at = placeCell(leaf, size)
      if (at === undefined) {
        closeLeaf()
        leaves.dividers.push(rowid - 1)
        at = placeCell(leaf, size) as number
      }
      cells.write(bytes, at)
    },
    finish() {
      closeLeaf()
      const table = addInterior(pages, TABLE_INTERIOR, createRowidCells(), leaves)
      return { table, index: addIndex(name, keys, pages) }
    },
  }
}

/** What divides two pages of a table: the last rowid of the left one. */
function createRowidCells(): TreeCells {
  let rowid = 0
  return {
    take(cell) {
      rowid = cell
      return varintBytes(rowid)
    },
    write: (target, at) => void writeVarint(target, rowid, at),
  }
}

/** Adds the index of the keys, whose rowids are 1, 2, 3 …, and gives the number of its root. */
function addIndex(name: string, keys: readonly string[], pages: PageStream): number {
  const isPlain = keys.every(isAscii)
  // What no UTF-8 has is stored as another text, which another row may have as well.
  const texts = isPlain ? keys : keys.map((key) => key.toWellFormed())
  const rowids = new Map(texts.map((text, index) => [text, index + 1]))
  // Without a function to compare them they are sorted by UTF-16: texts of ASCII by their bytes.
  const sorted = isPlain ? [...texts].sort() : sortByBytes(texts)
  const twice = sorted.findIndex((text, index) => text === sorted[index + 1])
  if (twice >= 0) {
    const key = JSON.stringify(sorted[twice])
    throw new FlistError('invalid', `flist database: has two ${name} with the key ${key}; keep one`)
  }
  const cells = createKeyCells(sorted, rowids, pages)
  const leaves = addLevel(pages, INDEX_LEAF, cells, [...sorted.keys()])
  return addInterior(pages, INDEX_INTERIOR, cells, leaves)
}

/** The cells of an index. What does not fit in them is added to the pages at once. */
function createKeyCells(sorted: readonly string[], rowids: ReadonlyMap<string, number>, pages: PageStream): TreeCells {
  const cells = createCellWriter(pages)
  const take = (key: string) => cells.take([key, rowids.get(key) ?? 0], INDEX_MAX_LOCAL)
  const long = new Map<string, Uint8Array>()
  for (const key of sorted) {
    if (3 * key.length < INDEX_MAX_LOCAL / 2) continue
    const cell = new Uint8Array(take(key))
    cells.write(cell, 0)
    long.set(key, cell)
  }
  let made: Uint8Array | undefined
  return {
    take(cell) {
      const key = sorted[cell] as string
      made = long.get(key)
      return made?.length ?? take(key)
    },
    write(target, at) {
      if (made) target.set(made, at)
      else cells.write(target, at)
    },
  }
}

function sortByBytes(texts: readonly string[]): string[] {
  const bytes = new Map(texts.map((text) => [text, Buffer.from(text)]))
  return [...texts].sort((a, b) => Buffer.compare(bytes.get(a) as Buffer, bytes.get(b) as Buffer))
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: chars of ASCII are their bytes
  return /^[\x00-\x7f]*$/.test(text)
}
