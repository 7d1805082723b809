import { runCommand } from './command.ts'

/**
 * Everything under a directory as GNU find and sha256sum see it: path → "type mode uid/gid size target digest", and with
 * `times` the seconds of everything but directories; `withoutLarge` leaves out the digests of files above 1 GiB.
 * Independent of the code under test. Paths are byte strings. Directory sizes are the file system's own and are left out.
 */
export async function listTree(
  root: string,
  options: { readonly times?: boolean; readonly withoutLarge?: boolean } = {},
): Promise<Map<string, string>> {
  const format = '%P\\0%y\\0%m\\0%U/%G\\0%s\\0%l\\0%T@\\0'
  const inRoot = { cwd: root, encoding: 'latin1' } as const
  const entries = await runCommand('find', ['.', '-mindepth', '1', '-printf', format], inRoot)
  const sums = await runCommand(
    'find',
    ['.', '-type', 'f', ...(options.withoutLarge ? ['-size', '-2G'] : []), '-exec', 'sha256sum', '--zero', '{}', '+'],
    inRoot,
  )
  if (entries.code !== 0 || sums.code !== 0) throw new Error(entries.stderr + sums.stderr)
  const digests = new Map(
    sums.stdout
      .split('\0')
      .filter((row) => row !== '')
      .map((row) => [row.slice(68), row.slice(0, 64)] as const),
  )
  const fields = entries.stdout.split('\0')
  const tree = new Map<string, string>()
  for (let at = 0; at + 7 <= fields.length; at += 7) {
    const [path = '', type = '', mode, owner, size, target, time = ''] = fields.slice(at, at + 7)
    const facts = [type, mode, owner, type === 'd' ? '' : size, target, digests.get(path) ?? '']
    if (options.times && type !== 'd') facts.push(time.replace(/\..*/, ''))
    tree.set(path, facts.join(' '))
  }
  return tree
}
