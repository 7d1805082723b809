import type { ContractTree } from '../contract-tree.ts'
import { resolvePath } from '../path-resolution.ts'

/** Configuration files are small; more than this of one is not looked at. */
const mostText = 1 << 20

/** The text of a file as the guest sees it; empty where there is none. */
export async function readText(tree: ContractTree, path: string): Promise<string> {
  const found = await resolvePath(tree, path, 'guest')
  if (found.kind !== 'found' || found.entry.type !== 'file') return ''
  return Buffer.from(await tree.read(found.path, { offset: 0, length: Math.min(mostText, found.entry.size) })).toString(
    'latin1',
  )
}

/** Those of the paths where the guest sees something. */
export async function existing(tree: ContractTree, paths: readonly string[]): Promise<string[]> {
  const there: string[] = []
  for (const path of paths) if ((await resolvePath(tree, path, 'guest')).kind === 'found') there.push(path)
  return there
}
