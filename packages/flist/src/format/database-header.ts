import { FlistError } from '../errors.ts'

/** Bytes of the header every SQLite database starts with. https://sqlite.org/fileformat2.html#the_database_header */
export const HEADER_BYTES = 100

/** Bytes a check of the header needs: the header, then the start of the first page of the schema table. */
export const HEADER_CHECK_BYTES = 108

/** How every SQLite database begins. */
export const SQLITE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1')
const CHANGE_COUNTER = 24
const VERSION_VALID_FOR = 92
const SQLITE_VERSION = 96
/** The library of Debian 12, which made the reference's flists; any value is valid. */
const RECORDED_VERSION = 3_040_001
const LEAF_TABLE_PAGE = 13
const MAX_SCHEMA_ROWS = 16

/**
 * Overwrites what says which SQLite library wrote the database and how often, in the first bytes of a finished
 * database: everything else depends on the content alone. The two counters stay equal, which is what makes the size in
 * the header valid.
 */
export function normaliseHeader(header: Buffer): void {
  header.writeUInt32BE(1, CHANGE_COUNTER)
  header.writeUInt32BE(1, VERSION_VALID_FOR)
  header.writeUInt32BE(RECORDED_VERSION, SQLITE_VERSION)
}

/**
 * Refuses what is no database of a flist before SQLite sees it. SQLite reads the schema table before anything can be
 * checked, and a hostile one can be a tree of pages that lead to each other and takes for ever to read; that of a
 * flist, with two or three rows, or of a .fl, with ten, is always a single leaf. Throws `not-a-flist` and `corrupt`.
 */
export function checkHeader(header: Buffer, file: string): void {
  if (header.length < HEADER_CHECK_BYTES || !header.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC)) {
    throw new FlistError('not-a-flist', `${file}: holds no SQLite database; give a file that a flist writer made`)
  }
  const page = header.readUInt8(HEADER_BYTES)
  const rows = header.readUInt16BE(HEADER_BYTES + 3)
  if (page !== LEAF_TABLE_PAGE || rows === 0 || rows > MAX_SCHEMA_ROWS) {
    throw new FlistError('corrupt', `${file}: has a database with an odd schema; make or fetch the flist again`)
  }
}
