import { createFinding, type Finding, shown } from '../finding.ts'
import type { RuleSubject } from '../rule.ts'
import { existing, readText } from './tree-text.ts'

const mountPoints = ['dev', 'proc', 'sys', 'run', 'tmp']
const largestOwner = 65534
/** Examples in a finding about many. */
const mostExamples = 3

/** The directories that something is mounted on. */
export async function* mountedDirectories({ tree, mode }: RuleSubject): AsyncGenerator<Finding> {
  if (mode === 'image') return
  for (const path of mountPoints) {
    const entry = await tree.lookup(path)
    if (entry?.type !== 'directory') {
      yield createFinding('directory-missing', path, entry ? `it is a ${entry.type}` : 'nothing is there')
      continue
    }
    // Debian's base-files has /run/lock.
    const names = (await tree.list(path)).filter((name) => !(path === 'run' && name === 'lock'))
    // Nothing is mounted on /tmp everywhere.
    if (names.length > 0 && path !== 'tmp') yield createFinding('directory-not-empty', path, examples(names))
  }
}

/** What is left over from building. */
export async function* leftovers({ tree, mode }: RuleSubject): AsyncGenerator<Finding> {
  if (mode === 'image') return
  const root = await tree.lookup('')
  if (root && (root.uid !== 0 || root.gid !== 0 || root.mode !== 0o755))
    yield createFinding('root-attributes', '', `it is ${root.uid}:${root.gid} 0${root.mode.toString(8)}`)
  const lists = (await tree.list('var/lib/apt/lists')).filter(
    (name) => name !== 'lock' && name !== 'partial' && name !== 'auxfiles',
  )
  if (lists.length > 0) yield createFinding('package-lists', 'var/lib/apt/lists', examples(lists))
  const packages = (await tree.list('var/cache/apt/archives')).filter((name) => name.endsWith('.deb'))
  const arch = (await tree.list('var/cache/pacman/pkg')).filter((name) => /\.pkg\.tar/.test(name))
  if (packages.length > 0) yield createFinding('package-cache', 'var/cache/apt/archives', examples(packages))
  if (arch.length > 0) yield createFinding('package-cache', 'var/cache/pacman/pkg', examples(arch))
  for (const path of await existing(tree, ['.dockerenv']))
    yield createFinding('docker-marker', path, 'the file is there')
  if (mode === 'vm' && /^\s*exit\s+101\b/m.test(await readText(tree, 'usr/sbin/policy-rc.d')))
    yield createFinding('services-denied', 'usr/sbin/policy-rc.d', 'it has: exit 101')
}

/** Owners and devices, everywhere. */
export async function* everyEntry({ tree, mode }: RuleSubject): AsyncGenerator<Finding> {
  if (mode === 'image') return
  const owners: string[] = []
  const devices: string[] = []
  for await (const { path, entry } of tree.walk()) {
    if (entry.uid > largestOwner || entry.gid > largestOwner) owners.push(path)
    if (entry.type === 'character' || entry.type === 'block' || entry.type === 'socket') devices.push(path)
  }
  if (owners.length > 0) yield createFinding('owner-too-large', owners[0] ?? '', examples(owners))
  if (devices.length > 0) yield createFinding('device-nodes', devices[0] ?? '', examples(devices))
}

function examples(names: readonly string[]): string {
  const more = names.length > mostExamples ? ` and ${names.length - mostExamples} more` : ''
  return `${names.slice(0, mostExamples).map(shown).join(', ')}${more}`
}
