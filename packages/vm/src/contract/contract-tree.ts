/**
 * Read access to a tree that may become a Zmachine's root, wherever it is: a directory, a flist, a tar, an image. Paths are byte
 * strings, relative, without a leading slash, the root being `''`. No symbolic link is ever followed by it.
 */
export type ContractTree = {
  /** What is at a path itself; undefined when there is nothing, or something on the way is no directory. */
  readonly lookup: (path: string) => Promise<TreeEntry | undefined>
  /** Names in a directory, sorted by bytes; none where there is no directory. */
  readonly list: (path: string) => Promise<readonly string[]>
  /** Bytes of a regular file, all of them unless told which; fewer where it ends before. */
  readonly read: (path: string, range?: ByteRange) => Promise<Uint8Array>
  /** Everything below the root, parents before children. */
  readonly walk: () => AsyncIterable<{ readonly path: string; readonly entry: TreeEntry }>
}

export type ByteRange = { readonly offset: number; readonly length: number }

export type TreeEntry = {
  readonly type: 'directory' | 'file' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket'
  /** `& 0o7777`. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of a regular file. */
  readonly size: number
  /** Of a symbolic link, as a byte string. */
  readonly target?: string
}

/** A path below a directory; the root's name is empty. */
export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}
