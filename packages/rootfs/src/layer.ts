import type { Attributes } from './tree.ts'

/** {@link Attributes} with the extended attributes as pairs, so that JSON can hold all but their bytes. */
export type EntryAttributes = Readonly<Omit<Attributes, 'xattrs'>> & {
  readonly xattrs?: readonly (readonly [name: string, value: Uint8Array])[]
}

/** One change of a layer. Paths are byte strings, relative and clean; the root is `''`. */
export type LayerEntry<C> =
  | (EntryAttributes & { readonly path: string } & (
        | { readonly type: 'directory' }
        | { readonly type: 'file'; readonly size: number; readonly content: C }
        | { readonly type: 'symlink'; readonly target: string }
        /** `target` is a path in the tree. */
        | { readonly type: 'hardlink'; readonly target: string }
        | { readonly type: 'character' | 'block' | 'fifo'; readonly major: number; readonly minor: number }
      ))
  /** The path is not there any more. */
  | { readonly type: 'whiteout'; readonly path: string }
  /** What lower layers have in this directory is not there any more. */
  | { readonly type: 'opaque'; readonly path: string }

/**
 * A layer changeset (OCI image-spec, layer.md) without the content of its files, in the order of the archive: plain
 * data, which `encodeLayer` makes bytes of.
 */
export type Layer<C> = {
  /** What messages call it. */
  readonly name: string
  readonly entries: readonly LayerEntry<C>[]
}

/** What an entry says of a path with these attributes, whatever is there. */
export function pathAttributes(path: string, attributes: Attributes): EntryAttributes & { readonly path: string } {
  const { mode, uid, gid, mtime, mtimeNanos, xattrs } = attributes
  return {
    path,
    mode,
    uid,
    gid,
    mtime,
    ...(mtimeNanos === undefined ? {} : { mtimeNanos }),
    ...(xattrs === undefined ? {} : { xattrs: [...xattrs] }),
  }
}
