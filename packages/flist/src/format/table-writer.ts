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

/** A leaf of a table: the number of its page, and its last rowid. */
export type Leaf = { readonly page: number; readonly last: number }

/** A table of keys and values under construction. */
export type TableWriter = {
  /** Adds a row; rowids are 1, 2, 3 … in the order of the calls, but for those that `leap` leaves out. */
  add(key: string, value: string | Uint8Array): void
  /** Makes a page of the rows that are on none, and gives the leaves since the last call. The next row has this rowid. */
  leap(rowid: number): Leaf[]
  /** Adds rows that are on pages already, from the rowid on that is the next one. */
  adopt(keys: Iterable<string>, leaves: readonly Leaf[]): void
  /** Adds the index of the keys and gives the numbers of both roots. Throws `invalid` when two rows have one key. */
  finish(): { readonly table: number; readonly index: number }
}

/** Starts a table with a unique index of its keys. Its leaves become pages when they are full, each after its overflow pages. */
export function createTable(name: string, pages: PageStream): TableWriter {
  const cells = createCellWriter(pages)
  const keys: string[] = []
  /** Of each key. */
  const rowids: number[] = []
  const leaves: Leaf[] = []
  const bytes = new Uint8Array(PAGE_BYTES)
  let leaf = startTreePage(bytes, TABLE_LEAF)
  let next = 1
  let leapt = 0
  const addKey = (key: string) => {
    keys.push(key)
    rowids.push(next)
    return next++
  }
  const closeLeaf = (last: number) => {
    endTreePage(leaf)
    leaves.push({ page: pages.next, last })
    pages.add().set(bytes)
    leaf = startTreePage(bytes, TABLE_LEAF)
  }
  return {
    add(key, value) {
      const rowid = addKey(key)
      const size = cells.take([key, value], TABLE_MAX_LOCAL, rowid)
      let at = placeCell(leaf, size)
      if (at === undefined) {
        closeLeaf(rowid - 1)
        at = placeCell(leaf, size) as number
      }
      cells.write(bytes, at)
    },
    leap(rowid) {
      if (leaf.cells > 0) closeLeaf(next - 1)
      next = rowid
      const since = leaves.slice(leapt)
      leapt = leaves.length
      return since
    },
    adopt(added, addedLeaves) {
      for (const key of added) addKey(key)
      leaves.push(...addedLeaves)
    },
    finish() {
      if (leaf.cells > 0 || leaves.length === 0) closeLeaf(next - 1)
      const level = { pages: leaves.map(({ page }) => page), dividers: leaves.slice(0, -1).map(({ last }) => last) }
      const table = addInterior(pages, TABLE_INTERIOR, createRowidCells(), level)
      return { table, index: addIndex(name, keys, rowids, pages) }
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

/** Adds the index of the keys and gives the number of its root. */
function addIndex(name: string, keys: readonly string[], rowids: readonly number[], pages: PageStream): number {
  const isPlain = isAscii(keys.join(''))
  // What no UTF-8 has is stored as another text, which another row may have as well.
  const texts = isPlain ? keys : keys.map((key) => key.toWellFormed())
  const rowidOf = new Map(texts.map((text, index) => [text, rowids[index] ?? 0]))
  // Without a function to compare them they are sorted by UTF-16: texts of ASCII by their bytes.
  const sorted = isPlain ? [...texts].sort() : sortByBytes(texts)
  const twice = sorted.findIndex((text, index) => text === sorted[index + 1])
  if (twice >= 0) {
    const key = JSON.stringify(sorted[twice])
    throw new FlistError('invalid', `flist database: has two ${name} with the key ${key}; keep one`)
  }
  const cells = createKeyCells(sorted, rowidOf, pages)
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
