import { createFinding, type Finding, shown } from '../finding.ts'
import { resolvePath } from '../path-resolution.ts'
import type { RuleSubject } from '../rule.ts'
import { existing, readText } from './tree-text.ts'

/** What would be the same on all machines, or is of the machine that built the tree. */
export async function* identity(subject: RuleSubject): AsyncGenerator<Finding> {
  const { tree, buildHost, mode } = subject
  if (mode === 'image') return
  if (mode === 'vm') yield* machineId(tree)
  const keys = (await tree.list('etc/ssh')).filter((name) => /^ssh_host_.*_key$/.test(name))
  if (keys.length > 0) yield createFinding('host-keys', 'etc/ssh', `there is ${keys.map(shown).join(', ')}`)
  for (const home of ['root', ...(await tree.list('home')).map((name) => `home/${name}`)]) {
    for (const path of await existing(tree, [`${home}/.ssh/authorized_keys`])) {
      const text = (await readText(tree, path)).trim()
      if (text !== '') yield createFinding('authorized-keys', path, `${text.split('\n').length} lines`)
    }
  }
  const hostname = (await readText(tree, 'etc/hostname')).trim()
  if (buildHost !== undefined && hostname === buildHost)
    yield createFinding('hostname-foreign', 'etc/hostname', shown(hostname))
  const root = (await readText(tree, 'etc/shadow')).split('\n').find((line) => line.startsWith('root:'))
  if (root?.split(':')[1] === '')
    yield createFinding('root-password-empty', 'etc/shadow', 'the second field of root is empty')
}

async function* machineId(tree: RuleSubject['tree']): AsyncGenerator<Finding> {
  const path = 'etc/machine-id'
  if (!(await tree.lookup(path))) return yield createFinding('machine-id-missing', path, 'nothing is there')
  const id = (await readText(tree, path)).trim()
  if (id !== '' && id !== 'uninitialized') yield createFinding('machine-id-set', path, `it has ${id.length} characters`)
}

/** Who resolves names. */
export async function* nameResolution({ tree, mode }: RuleSubject): AsyncGenerator<Finding> {
  if (mode === 'image') return
  const path = 'etc/resolv.conf'
  const entry = await tree.lookup(path)
  if (entry?.type === 'symlink') {
    if (mode === 'container') return yield createFinding('resolv-conf-link', path, `→ ${shown(entry.target ?? '')}`)
    const resolved = await existing(tree, [
      'usr/lib/systemd/systemd-resolved',
      'lib/systemd/systemd-resolved',
      'sbin/resolvconf',
    ])
    const target = await resolvePath(tree, path, 'guest')
    if (target.kind !== 'found' && resolved.length === 0)
      yield createFinding('resolv-conf-dangling', path, `→ ${shown(entry.target ?? '')}`)
    return
  }
  const servers = [...(await readText(tree, path)).matchAll(/^\s*nameserver\s+(\S+)/gm)].map(
    ([, server = '']) => server,
  )
  const unreachable = servers.filter(isPrivate)
  if (unreachable.length > 0) yield createFinding('resolv-conf-private', path, `nameserver ${unreachable.join(', ')}`)
}

/** Loopback counts only where something could listen there, which in a fresh machine nothing does. */
function isPrivate(address: string): boolean {
  return /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:|fe80:|::1$)/i.test(address)
}
