import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { createSqlite } from '../format/sqlite-writer.ts'
import { type ChunkList, listChunks } from '../tree.ts'
import type { FlInode } from './fl-inode.ts'
import type { FlRoute } from './fl-route.ts'
import { FL_SCHEMA } from './fl-schema.ts'

/** The database of a `.fl` file under construction. Rows keep the order of the calls. */
export type FlDatabaseWriter = {
  addInode(inode: FlInode): void
  addContent(ino: number, content: ChunkList): void
  addRoute(route: FlRoute): void
  addTag(key: string, text: string): void
  /** Completes the file, whose bytes then depend on the rows and their order alone. */
  finish(): Promise<void>
  /** Gives up; the file stays as it is. */
  abandon(): void
}

/** Starts a `.fl` file. */
export function createFlDatabase(file: string): FlDatabaseWriter {
  const { database, finish, abandon } = createSqlite(file, FL_SCHEMA)
  // The cast makes text of bytes, whatever they are: a name that is not UTF-8 stays what it is.
  const insertInode = database.prepare(
    'INSERT INTO inode (ino, parent, name, size, uid, gid, mode, rdev, ctime, mtime) VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?)',
  )
  const insertExtra = database.prepare('INSERT INTO extra (ino, data) VALUES (?, ?)')
  const insertBlock = database.prepare('INSERT INTO block (ino, id, key) VALUES (?, ?, ?)')
  const insertRoute = database.prepare('INSERT INTO route (start, end, url) VALUES (?, ?, ?)')
  const insertTag = database.prepare('INSERT INTO tag (key, value) VALUES (?, ?)')
  return {
    addInode({ ino, parent, name, size, uid, gid, mode, rdev, ctime, mtime, data }) {
      const bytes = Buffer.from(name, 'latin1')
      insertInode.run(ino, parent, bytes, size, uid, gid, mode, rdev, ctime, mtime)
      if (data !== undefined) insertExtra.run(ino, Buffer.from(data, 'latin1'))
    },
    addContent(ino, content) {
      for (const { id, key } of listChunks(content, FL_CHUNKS)) insertBlock.run(ino, id, key)
    },
    addRoute: ({ start, end, url }) => void insertRoute.run(start, end, url),
    addTag: (key, text) => void insertTag.run(key, text),
    finish,
    abandon,
  }
}
