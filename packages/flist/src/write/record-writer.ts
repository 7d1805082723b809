import type { DatabaseWriter } from '../format/database-writer.ts'
import type { PackedRows, PartPlace } from '../format/table-parts.ts'
import type { KeptStretch } from '../tree.ts'

/** What writes the records of directories. */
export type RecordWriter = {
  /** Adds records that were kept. They are written when it is known what follows, and so what part they may be of. */
  addKept(stretch: KeptStretch): Promise<void>
  /** Adds a record, of which there may be a kept one that is or was the same. */
  add(key: string, record: Uint8Array, kept: KeptStretch | undefined): Promise<void>
  /** Writes what is left. */
  end(): Promise<void>
}

/**
 * Writes the records of directories to a database. What a flist before this one had as a part at the same place is taken as it is,
 * packed. `rest` is called behind everything that is added or written.
 */
export function createRecordWriter(database: DatabaseWriter, rest: () => Promise<void>): RecordWriter {
  /** Kept records that are not written yet. */
  let waiting: KeptStretch | undefined
  async function end(): Promise<void> {
    const stretch = waiting
    waiting = undefined
    if (stretch) await writeStretch(database, stretch, rest)
  }
  async function addKept(stretch: KeptStretch): Promise<void> {
    if (waiting?.records === stretch.records && waiting.end === stretch.first) {
      waiting = { ...waiting, end: stretch.end }
      return rest()
    }
    await end()
    waiting = stretch
  }
  return {
    addKept,
    async add(key, record, kept) {
      if (kept && isSame(kept, key, record)) return addKept(kept)
      await end()
      database.addEntry(key, record)
      await rest()
    },
    end,
  }
}

function isSame({ records, first }: KeptStretch, key: string, record: Uint8Array): boolean {
  return records.key(first) === key && Buffer.compare(records.record(first), record) === 0
}

async function writeStretch(
  database: DatabaseWriter,
  { records, first, end }: KeptStretch,
  rest: () => Promise<void>,
): Promise<void> {
  const { known, used } = records.parts
  /** The record that the part under construction begins with; undefined when it begins with something else. */
  let begin: number | undefined
  for (let index = first; index < end; ) {
    const place = database.place()
    if (place) begin = index
    const part = known.get(index)
    if (place && part && isAt(part, place) && index + part.rows <= end) {
      database.adopt(keysOf(records, index, part.rows), part)
      used.set(index, part)
      index += part.rows
    } else {
      const ended = database.addEntry(records.key(index), records.record(index))
      if (ended && begin !== undefined) used.set(begin, ended)
      index++
    }
    await rest()
  }
}

function isAt({ place }: PackedRows, { pages, rowid }: PartPlace): boolean {
  return place.pages === pages && place.rowid === rowid
}

function keysOf({ key }: KeptStretch['records'], first: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => key(first + i))
}
