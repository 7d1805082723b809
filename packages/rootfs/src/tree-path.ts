import type { DirectoryNode, Node } from './tree.ts'

/**
 * What to do where a path goes on but the tree has no directory: go on in a directory, follow the target of a link
 * (a string), or give up.
 */
export type Detour<C> = (
  parent: DirectoryNode<C>,
  name: string,
  found: Exclude<Node<C>, DirectoryNode<C>> | undefined,
) => DirectoryNode<C> | string | undefined

/** As many links as Linux follows in one path. */
const MAX_LINKS = 40

/**
 * Walks a path inside the tree, as a process whose root directory is the tree would: targets of links that begin with
 * `/` start at the root again, and `..` of the root is the root. Nothing of the host is looked at.
 *
 * @returns the directory the path leads to; `undefined` when the detour gave up, or after 40 links
 */
export function resolveDirectory<C>(
  root: DirectoryNode<C>,
  path: string,
  detour: Detour<C>,
): DirectoryNode<C> | undefined {
  const pending = path.split('/').reverse()
  const trail = [root]
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (trail.length > 1) trail.pop()
      continue
    }
    const directory = trail.at(-1) ?? root
    const child = directory.children.get(name)
    const next = child?.type === 'directory' ? child : detour(directory, name, child)
    if (next === undefined) return undefined
    if (typeof next !== 'string') {
      trail.push(next)
      continue
    }
    links += 1
    if (links > MAX_LINKS) return undefined
    if (next.startsWith('/')) trail.length = 1
    pending.push(...next.split('/').reverse())
  }
  return trail.at(-1)
}

/** The parent's path and the last component; the root is its own parent. */
export function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? { parent: '', name: path } : { parent: path.slice(0, slash), name: path.slice(slash + 1) }
}
