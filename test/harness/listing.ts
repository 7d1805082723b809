import { runCommand } from './command.ts'

/**
 * Everything under a directory as GNU find and sha256sum see it: path → "type mode uid/gid size target digest". Independent of
 * the code under test. Directory sizes are the file system's own and are left out.
 */
export async function listTree(root: string): Promise<Map<string, string>> {
  const entries = await runCommand('find', ['.', '-mindepth', '1', '-printf', '%P\\0%y\\0%m\\0%U/%G\\0%s\\0%l\\0'], {
    cwd: root,
  })
  const sums = await runCommand('find', ['.', '-type', 'f', '-exec', 'sha256sum', '--zero', '{}', '+'], { cwd: root })
  if (entries.code !== 0 || sums.code !== 0) throw new Error(entries.stderr + sums.stderr)
  const digests = new Map(
    sums.stdout
      .split('\0')
      .filter((row) => row !== '')
      .map((row) => [row.slice(68), row.slice(0, 64)] as const),
  )
  const fields = entries.stdout.split('\0')
  const tree = new Map<string, string>()
  for (let at = 0; at + 6 <= fields.length; at += 6) {
    const [path = '', type = '', mode, owner, size, target] = fields.slice(at, at + 6)
    tree.set(path, [type, mode, owner, type === 'd' ? '' : size, target, digests.get(path) ?? ''].join(' '))
  }
  return tree
}
