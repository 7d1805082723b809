import { aclKey, createAcl, type Owner } from '../format/acl.ts'
import { type AclKeys, ownerOf } from '../write/directory-builder.ts'

/** Owners of a tree by their places, and which of them each directory has. */
export type OwnerTable = {
  readonly owners: readonly Owner[]
  readonly ownersOf: readonly ReadonlySet<number>[]
  /** The keys of ACLs, of nodes that belong to the directory that was begun last. */
  readonly acls: AclKeys
  beginDirectory(): void
}

export function createOwnerTable(): OwnerTable {
  const owners: Owner[] = []
  const keys: string[] = []
  const ownersOf: Set<number>[] = []
  const places = new Map<string, number>()
  /** Neighbours mostly have the same. */
  let last: (Owner & { readonly place: number }) | undefined
  let own = new Set<number>()

  function add(owner: Owner): number {
    const { mode, uid, gid } = owner
    if (last && last.mode === mode && last.uid === uid && last.gid === gid) return last.place
    const id = `${mode}:${uid}:${gid}`
    const place = places.get(id) ?? owners.length
    if (place === owners.length) {
      places.set(id, place)
      owners.push(owner)
      keys.push(aclKey(createAcl(owner)))
    }
    last = { mode, uid, gid, place }
    return place
  }

  return {
    owners,
    ownersOf,
    acls(node) {
      const place = add(ownerOf(node))
      own.add(place)
      return keys[place] ?? ''
    },
    beginDirectory() {
      own = new Set()
      ownersOf.push(own)
    },
  }
}
