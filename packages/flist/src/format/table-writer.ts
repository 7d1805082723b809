import { FlistError } from '../errors.ts'
import { PAGE_BYTES, type PageStream } from './page-stream.ts'
import {
  type CellEncoder,
  createCellEncoder,
  INDEX_MAX_LOCAL,
  TABLE_MAX_LOCAL,
  varintBytes,
  writeVarint,
} from './row-cells.ts'
import {
  addInterior,
  addLevel,
  INDEX_INTERIOR,
  INDEX_LEAF,
  putCell,
  startTreePage,
  TABLE_INTERIOR,
  TABLE_LEAF,
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
  const encodeCell = createCellEncoder(pages)
  const keys: string[] = []
  const leaves: { pages: number[]; dividers: Uint8Array[] } = { pages: [], dividers: [] }
  let leaf = startTreePage(Buffer.alloc(PAGE_BYTES), TABLE_LEAF)
  const closeLeaf = () => {
    const { bytes, pointers, content } = leaf
    leaves.pages.push(pages.next)
    // Between the pointers and the cells may be what the leaf before had there.
    pages.add().set(bytes.fill(0, pointers, content))
    leaf = startTreePage(bytes, TABLE_LEAF)
  }
  return {
    add(key, value) {
      const rowid = keys.push(key)
      const cell = encodeCell([key, value], TABLE_MAX_LOCAL, rowid)
      if (putCell(leaf, cell)) return
      closeLeaf()
      leaves.dividers.push(encodeRowid(rowid - 1))
      putCell(leaf, cell)
    },
    finish() {
      closeLeaf()
      const table = addInterior(pages, TABLE_INTERIOR, leaves)
      const cells = encodeIndex(name, keys, encodeCell)
      return { table, index: addInterior(pages, INDEX_INTERIOR, addLevel(pages, INDEX_LEAF, cells)) }
    },
  }
}

/** What divides two pages of a table: the last rowid of the left one. */
function encodeRowid(rowid: number): Uint8Array {
  const bytes = new Uint8Array(varintBytes(rowid))
  writeVarint(bytes, rowid, 0)
  return bytes
}

/** The cells of an index, sorted by the bytes of the keys. */
function encodeIndex(name: string, keys: readonly string[], encodeCell: CellEncoder): Buffer[] {
  // As byte strings they are sorted, without a function to compare them, by their bytes.
  const sorted = keys.map(byteString).sort()
  const rowids = new Map(keys.map((key, index) => [byteString(key), index + 1]))
  return sorted.map((bytes, index) => {
    const rowid = rowids.get(bytes) ?? 0
    const key = keys[rowid - 1] ?? ''
    if (sorted[index + 1] === bytes) {
      throw new FlistError('invalid', `flist database: has two ${name} with the key ${JSON.stringify(key)}; keep one`)
    }
    return Buffer.from(encodeCell([key, rowid], INDEX_MAX_LOCAL))
  })
}

/** A text as its bytes, one char each. Most keys are digits, and remain what they are. */
function byteString(key: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: chars of ASCII are their bytes
  return /^[\x00-\x7f]*$/.test(key) ? key : Buffer.from(key).toString('latin1')
}
