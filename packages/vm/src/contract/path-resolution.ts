import { type ContractTree, joinPath, type TreeEntry } from './contract-tree.ts'

/**
 * Where a path leads when symbolic links are followed.
 *
 * - `absolute` is a link to an absolute path, met where those lead out of the tree;
 * - `escapes` is a link that climbs over the root;
 * - `dangling` is a link that leads to nothing.
 */
export type Resolution =
  | { readonly kind: 'found'; readonly path: string; readonly entry: TreeEntry }
  | { readonly kind: 'absent' }
  | { readonly kind: 'absolute' | 'escapes' | 'dangling'; readonly link: string; readonly target: string }

/** Who follows the links: the guest, whose root the tree is, or the node it is mounted on, for which absolute links lead elsewhere. */
export type Follower = 'guest' | 'node'

/** As many links on one path as Linux follows (path_resolution(7)). */
const mostLinks = 40

type Link = { readonly link: string; readonly target: string }

/** Follows a path component by component. */
export async function resolvePath(tree: ContractTree, path: string, follower: Follower): Promise<Resolution> {
  /** What is still to be gone, and the link each part is of. */
  const rest = partsOf(path).map((name) => ({ name, origin: undefined as Link | undefined }))
  const done: string[] = []
  for (let links = 0; ; ) {
    const part = rest.shift()
    if (part === undefined) break
    const { name, origin } = part
    if (name === '..') {
      if (done.length === 0 && follower === 'node' && origin) return { kind: 'escapes', ...origin }
      done.pop()
      continue
    }
    const here = joinPath(done.join('/'), name)
    const entry = await tree.lookup(here)
    if (!entry) return origin ? { kind: 'dangling', ...origin } : { kind: 'absent' }
    if (entry.type !== 'symlink') {
      done.push(name)
      continue
    }
    const link = { link: here, target: entry.target ?? '' }
    links += 1
    if (links > mostLinks) return { kind: 'dangling', ...link }
    if (link.target.startsWith('/')) {
      if (follower === 'node') return { kind: 'absolute', ...link }
      done.length = 0
    }
    rest.unshift(...partsOf(link.target).map((next) => ({ name: next, origin: link })))
  }
  const found = done.join('/')
  const entry = await tree.lookup(found)
  return entry ? { kind: 'found', path: found, entry } : { kind: 'absent' }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
