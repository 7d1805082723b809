import { FlistError } from '../errors.ts'
import { MAX_PATH_BYTES, nameProblem, quotePath } from '../format/names.ts'
import { compareBytes, joinPath } from '../tree.ts'
import type { FlistDirectory, FlistEntry, FlistNode } from './flist-node.ts'

/** What a format gives of its directories. All of it throws `corrupt`. */
export type TreeRecords = {
  root(): FlistDirectory
  /** The entries of a directory in any order, with whatever names; `createNode` takes the path of the entry. */
  entries(directory: FlistDirectory): Iterable<{ readonly name: string; createNode(path: string): FlistNode }>
}

/** Reads directories of a flist. All of it throws `corrupt`, `unsafe-path`, `too-large`. */
export type DirectoryReader = {
  root(): FlistDirectory
  /** The entries of a directory, sorted by bytes: safe names only, each once. */
  list(directory: FlistDirectory): FlistEntry[]
}

/** A reader over the records of a flist. `name` stands for the flist in messages. */
export function createDirectoryReader(records: TreeRecords, name: string): DirectoryReader {
  return {
    root: records.root,
    list(directory) {
      const entries = Array.from(records.entries(directory), ({ name: entryName, createNode }) => {
        const path = joinPath(directory.path, entryName)
        checkName(entryName, path, name)
        return { path, name: entryName, node: createNode(path) }
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
