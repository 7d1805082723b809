import { chmod, lchown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestNode } from './trees.ts'

/** Writes a tree to a directory of this machine. */
export async function writeTree(root: TestNode, path: string): Promise<void> {
  if (root.type === 'directory') {
    await mkdir(path, { recursive: true })
    for (const [name, child] of root.children) await writeTree(child, join(path, name))
  } else if (root.type === 'file') await writeFile(path, root.content)
  else if (root.type === 'symlink') return symlink(root.target, path)
  else throw new Error(`${path}: is a ${root.type}`)
  // Another owner takes the setuid bit away.
  if (process.getuid?.() === 0) await lchown(path, root.uid, root.gid)
  await chmod(path, root.mode)
}
