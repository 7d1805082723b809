import { FlistError } from '../errors.ts'
import type { SchemaRow } from '../format/sqlite-reader.ts'

/** The tables and indexes of a `.fl` file, as rfs declares them (docs/fl-format.md). */
const STATEMENTS: readonly string[] = [
  'CREATE TABLE inode (ino INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER, name VARCHAR(255), size INTEGER, uid INTEGER, gid INTEGER, mode INTEGER, rdev INTEGER, ctime INTEGER, mtime INTEGER)',
  'CREATE INDEX parents ON inode (parent)',
  'CREATE INDEX names ON inode (name)',
  'CREATE TABLE extra (ino INTEGER PRIMARY KEY, data VARCHAR(4096))',
  'CREATE TABLE block (ino INTEGER, id VARCHAR(32), key VARCHAR(32))',
  'CREATE INDEX block_ino ON block (ino)',
  'CREATE TABLE tag (key VARCHAR(10) PRIMARY KEY, value VARCHAR(255))',
  'CREATE TABLE route (start INTEGER, end INTEGER, url VARCHAR(2048))',
]

/** What makes an empty `.fl` file. */
export const FL_SCHEMA = STATEMENTS.map((statement) => `${statement};`).join('\n')

const KNOWN = new Set([...STATEMENTS, 'CREATE TABLE sqlite_sequence(name,seq)'].map(normalise))

/**
 * Refuses a database that holds anything but what rfs declares, or lacks some of it: the indexes are what keeps reading
 * from taking for ever. Spelling is free: case, blanks, comments, widths. Throws `not-a-flist` and `corrupt`.
 */
export function checkFlSchema(rows: readonly SchemaRow[], name: string): void {
  if (!rows.some((row) => row.type === 'table' && row.name === 'inode')) {
    const remedy = 'give a .fl file, or the .flist archive that a flist database came from'
    throw new FlistError('not-a-flist', `${name}: is a database without inodes; ${remedy}`)
  }
  const found = new Set<string>()
  for (const { type, name: object, sql } of rows) {
    const statement = sql === null ? '' : normalise(sql)
    const known = sql === null ? type === 'index' : KNOWN.has(statement)
    if (!known)
      throw new FlistError('corrupt', `${name}: has ${JSON.stringify(object)} in its database, which no .fl has`)
    found.add(statement)
  }
  const absent = STATEMENTS.find((statement) => !found.has(normalise(statement)))
  if (absent === undefined) return
  throw new FlistError('corrupt', `${name}: lacks "${absent.split(' ', 3).join(' ')}"; make or fetch the .fl again`)
}

function normalise(sql: string): string {
  const bare = sql.replace(/--[^\n]*/g, ' ').replace(/["'`[\]]/g, '')
  const packed = bare.replace(/\s+/g, ' ').replace(/ ?([(),]) ?/g, '$1')
  return packed
    .toLowerCase()
    .replace(' if not exists', '')
    .replace(/varchar\(\d+\)/g, 'varchar')
    .trim()
}
