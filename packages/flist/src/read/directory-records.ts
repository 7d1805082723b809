import { aclOwner, type Owner } from '../format/acl.ts'
import type { FlistDatabase } from '../format/database-reader.ts'
import { directoryKey } from '../format/directory-key.ts'
import type { TreeRecords } from './directory-walk.ts'
import { createNode } from './flist-node.ts'

/** ACLs kept at hand; a flist has a few dozen. */
const CACHED_OWNERS = 4096

/** The directories of a 0-flist: one record each. `name` stands for the flist in messages. */
export function createDirectoryRecords(database: FlistDatabase, name: string): TreeRecords {
  const owners = new Map<string, Owner>()
  const ownerOf = (key: string): Owner => {
    const known = owners.get(key)
    if (known !== undefined) return known
    const owner = aclOwner(database.acl(key))
    if (owners.size === CACHED_OWNERS) owners.clear()
    owners.set(key, owner)
    return owner
  }
  return {
    root() {
      const key = directoryKey('')
      const record = database.directory(key)
      return { type: 'directory', ...ownerOf(record.aclKey), mtime: record.modificationTime, path: '', key }
    },
    entries: (directory) =>
      database.directory(directory.key).contents.map((inode) => ({
        name: inode.name,
        createNode: (path) => createNode(inode, ownerOf(inode.aclKey), path, name),
      })),
  }
}
