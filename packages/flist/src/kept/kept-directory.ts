import type { Attributes, ChunkList, DirectoryNode, KeptStretch, KeptSubtree, Node } from '../tree.ts'

/** A directory of a kept tree: its children are made when somebody looks at them, and then nothing is sure to be as it was. */
export class KeptDirectory implements DirectoryNode<ChunkList> {
  readonly type = 'directory'
  mode: number
  uid: number
  gid: number
  mtime: number
  declare mtimeNanos?: number
  declare xattrs?: ReadonlyMap<string, Uint8Array>
  readonly keptRecord: KeptStretch
  readonly #attributes: Attributes
  readonly #open: () => Map<string, Node<ChunkList>>
  readonly #subtree: () => KeptSubtree | undefined
  #children: Map<string, Node<ChunkList>> | undefined

  constructor(
    attributes: Attributes,
    keptRecord: KeptStretch,
    open: () => Map<string, Node<ChunkList>>,
    subtree: () => KeptSubtree | undefined,
  ) {
    const { mode, uid, gid, mtime, mtimeNanos, xattrs } = attributes
    this.mode = mode
    this.uid = uid
    this.gid = gid
    this.mtime = mtime
    if (mtimeNanos !== undefined) this.mtimeNanos = mtimeNanos
    if (xattrs !== undefined) this.xattrs = xattrs
    this.#attributes = attributes
    this.keptRecord = keptRecord
    this.#open = open
    this.#subtree = subtree
  }

  get children(): Map<string, Node<ChunkList>> {
    this.#children ??= this.#open()
    return this.#children
  }

  get kept(): KeptSubtree | undefined {
    return this.#children === undefined && haveSameAttributes(this, this.#attributes) ? this.#subtree() : undefined
  }
}

/** Whether attributes are the same; extended ones only when nobody has replaced them. */
export function haveSameAttributes(a: Attributes, b: Attributes): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime === b.mtime &&
    a.mtimeNanos === b.mtimeNanos &&
    a.xattrs === b.xattrs
  )
}
