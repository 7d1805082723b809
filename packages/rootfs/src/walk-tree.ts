import type { DirectoryNode, Node } from './tree.ts'

/**
 * Every place of a tree: the root first (with the path `''`), a directory before its content, the names of each
 * directory in the order of their bytes. A hard-linked node appears once per place. The tree must not change meanwhile.
 */
export function* walkTree<C>(root: DirectoryNode<C>): Generator<{ path: string; node: Node<C> }> {
  // A stack of our own: recursion through `yield*` would cost the depth of the tree for each node.
  const pending: { path: string; node: Node<C> }[] = [{ path: '', node: root }]
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    yield place
    const { path, node } = place
    if (node.type !== 'directory') continue
    // Without a function to compare them strings are sorted by their chars, here bytes, and much faster.
    for (const name of [...node.children.keys()].sort().reverse()) {
      const child = node.children.get(name)
      if (child !== undefined) pending.push({ path: path === '' ? name : `${path}/${name}`, node: child })
    }
  }
}
