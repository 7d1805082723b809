import { FlistError } from '../errors.ts'
import type { TreeRecords } from '../read/directory-walk.ts'
import type { FlDatabase } from './fl-database-reader.ts'
import { createFlNode, type FlInode, inodeType, ROOT_INO } from './fl-inode.ts'

/** The directories of a `.fl`: an inode each, whose number is the key. `name` stands for the file in messages. */
export function createFlRecords(database: FlDatabase, name: string): TreeRecords {
  return {
    root() {
      const inode = rootOf(database, name)
      const { uid, gid, mtime } = inode
      return { type: 'directory', mode: inode.mode & 0o7777, uid, gid, mtime, path: '', key: String(ROOT_INO) }
    },
    *entries(directory) {
      for (const inode of database.children(Number(directory.key))) {
        const content = () => database.content(inode.ino)
        yield { name: inode.name, createNode: (path) => createFlNode(inode, content, path, name) }
      }
    },
  }
}

/** Readers take inode 1 for the root, and also the one without a parent. */
function rootOf(database: FlDatabase, name: string): FlInode {
  const inode = database.inode(ROOT_INO)
  if (inode !== undefined && inode.parent === 0 && inodeType(inode) === 'directory') return inode
  throw new FlistError('corrupt', `${name}: inode ${ROOT_INO} is not the root directory; make the flist again`)
}
