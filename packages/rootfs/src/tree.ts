/**
 * The tree of an image as plain data. Names, paths, link targets and the names of extended attributes are byte
 * strings: one char per byte (latin1), because names in images need not be UTF-8. `<` compares them as unsigned bytes.
 */

/** What every node has, as `stat` and `listxattr` would tell it. */
export type Attributes = {
  /** Permission bits with setuid, setgid and sticky: `st_mode & 0o7777`. */
  mode: number
  uid: number
  gid: number
  /** Seconds since the epoch, rounded down; negative before 1970. */
  mtime: number
  /** 0 to 999,999,999 nanoseconds after `mtime`; absent when zero. */
  mtimeNanos?: number
  /** ACLs and contexts that an archive has as text stand under its keyword: `SCHILY.acl.access`. */
  xattrs?: ReadonlyMap<string, Uint8Array>
}

export type DirectoryNode<C> = Attributes & { type: 'directory'; children: Map<string, Node<C>> }

/** `size` is the logical size in bytes, `content` whatever the {@link ContentStore} made of the bytes. */
export type FileNode<C> = Attributes & { type: 'file'; size: number; content: C }

/** `target` is raw data and is never interpreted. */
export type SymlinkNode = Attributes & { type: 'symlink'; target: string }

/** `major` and `minor` are 0 for fifos and sockets. */
export type SpecialNode = Attributes & { type: 'character' | 'block' | 'fifo' | 'socket'; major: number; minor: number }

/**
 * One inode. A hard link is the same object at several places of the tree, so that `===` tells links from copies;
 * directories are at one place only.
 */
export type Node<C> = DirectoryNode<C> | FileNode<C> | SymlinkNode | SpecialNode

/**
 * A directory nobody described: mode 0755, owner 0:0, mtime 0. It stands for the root of an image whose layers have no
 * entry for it, and for missing parents. Docker gives missing parents the same mode and owner, and the time of
 * extraction; 0 keeps conversions reproducible.
 */
export function implicitDirectory<C>(): DirectoryNode<C> {
  return { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, children: new Map() }
}
