import { FlistError } from '../errors.ts'
import { aclOwner, type Owner } from '../format/acl.ts'
import type { FlistDatabase } from '../format/database-reader.ts'
import { directoryKey } from '../format/directory-key.ts'
import { MAX_PATH_BYTES, nameProblem, quotePath } from '../format/names.ts'
import { compareBytes, joinPath } from '../tree.ts'
import { createNode, type FlistDirectory, type FlistEntry } from './flist-node.ts'

/** ACLs kept at hand; a flist has a few dozen. */
const CACHED_OWNERS = 4096

/** Reads directories of a flist. `name` stands for the flist in messages. All of it throws `corrupt`, `unsafe-path`. */
export type DirectoryReader = {
  root(): FlistDirectory
  /** The entries of a directory, sorted by bytes: safe names only, each once. */
  list(directory: FlistDirectory): FlistEntry[]
}

/** A reader over the records of a flist. */
export function createDirectoryReader(database: FlistDatabase, name: string): DirectoryReader {
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
    list(directory) {
      const entries = database.directory(directory.key).contents.map((inode) => {
        const path = joinPath(directory.path, inode.name)
        checkName(inode.name, path, name)
        return { path, name: inode.name, node: createNode(inode, ownerOf(inode.aclKey), path, name) }
      })
      entries.sort((a, b) => compareBytes(a.name, b.name))
      checkUnique(entries, name)
      return entries
    },
  }
}

/**
 * Every entry from `start` down, itself first: parents before children, siblings by bytes. No directory record is read
 * twice, so that a flist that leads back into itself ends with an error, and so does one that shares a directory.
 */
export function* walkDirectories(reader: DirectoryReader, start: FlistDirectory, name: string): Generator<FlistEntry> {
  const seen = new Set<string>()
  const stack: FlistEntry[] = [
    { path: start.path, name: start.path.slice(start.path.lastIndexOf('/') + 1), node: start },
  ]
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { node, path } = entry
    yield entry
    if (node.type !== 'directory') continue
    if (seen.has(node.key)) {
      throw new FlistError(
        'corrupt',
        `${name}: ${quotePath(path)} is a directory found elsewhere; make the flist again`,
      )
    }
    seen.add(node.key)
    stack.push(...reader.list(node).reverse())
  }
}

function checkName(entryName: string, path: string, name: string): void {
  const problem = nameProblem(entryName)
  if (problem !== undefined) {
    throw new FlistError('unsafe-path', `${name}: ${quotePath(path)} ${problem}; do not use this flist`)
  }
  if (path.length > MAX_PATH_BYTES) {
    throw new FlistError(
      'too-large',
      `${name}: ${quotePath(path)} is a path over ${MAX_PATH_BYTES} bytes; no system can hold it`,
    )
  }
}

function checkUnique(entries: readonly FlistEntry[], name: string): void {
  for (const [index, { name: entryName, path }] of entries.entries()) {
    if (entries[index + 1]?.name !== entryName) continue
    throw new FlistError('corrupt', `${name}: ${quotePath(path)} is there twice; make the flist again`)
  }
}
