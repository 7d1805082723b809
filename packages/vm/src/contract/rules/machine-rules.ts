import { createFinding, type Finding, shown } from '../finding.ts'
import { resolvePath } from '../path-resolution.ts'
import type { RuleSubject } from '../rule.ts'
import { existing, readText } from './tree-text.ts'

const units = [
  'lib/systemd/system/cloud-init.service',
  'lib/systemd/system-generators/cloud-init-generator',
  'usr/lib/systemd/system/cloud-init.service',
  'usr/lib/systemd/system/cloud-init-main.service',
  'etc/init.d/cloud-init',
]

/** Any of these takes the addresses from cloud-init. */
const networks = [
  'usr/sbin/netplan',
  'sbin/ifup',
  'usr/sbin/NetworkManager',
  'lib/systemd/systemd-networkd',
  'usr/lib/systemd/systemd-networkd',
]

/** What a virtual machine needs to be reached. */
export async function* machineServices(subject: RuleSubject): AsyncGenerator<Finding> {
  const { tree, entrypoint, mode } = subject
  if (mode !== 'vm') return
  const init = await resolvePath(tree, 'sbin/init', 'guest')
  if (init.kind !== 'found') {
    const evidence = init.kind === 'absent' ? 'nothing is there' : `${shown(init.link)} → ${shown(init.target)}`
    yield createFinding('init-missing', 'sbin/init', evidence)
  }
  const [first = '', ...rest] = entrypoint
  if (entrypoint.length > 0 && (rest.length > 0 || !first.startsWith('/') || /\s/.test(first)))
    yield createFinding('entrypoint-in-vm', first.replace(/^\/+/, ''), `it is ${JSON.stringify(entrypoint)}`)
  if ((await existing(tree, networks)).length === 0)
    yield createFinding('network-missing', '', `none of ${networks.map((path) => `/${path}`).join(', ')}`)
  yield* cloudInit(subject)
}

async function* cloudInit({ tree }: RuleSubject): AsyncGenerator<Finding> {
  if ((await existing(tree, ['usr/bin/cloud-init'])).length === 0) {
    yield createFinding('cloud-init-missing', 'usr/bin/cloud-init', 'nothing is there')
    return
  }
  if ((await existing(tree, units)).length === 0)
    yield createFinding('cloud-init-not-started', units[0] ?? '', 'neither a unit nor a generator is there')
  for (const path of await existing(tree, ['etc/cloud/cloud-init.disabled']))
    yield createFinding('cloud-init-disabled', path, 'the file is there')
  const state = (await tree.list('var/lib/cloud')).filter(
    (name) => name === 'instance' || name === 'instances' || name === 'sem',
  )
  for (const name of state) {
    const path = `var/lib/cloud/${name}`
    const { type } = (await tree.lookup(path)) ?? {}
    if (type !== 'directory' || (await tree.list(path)).length > 0)
      yield createFinding(
        'cloud-init-ran',
        path,
        `it is there, ${type === 'symlink' ? 'a link' : 'with something in it'}`,
      )
  }
  yield* cloudInitSettings(tree)
}

async function* cloudInitSettings(tree: RuleSubject['tree']): AsyncGenerator<Finding> {
  const names = (await tree.list('etc/cloud/cloud.cfg.d')).filter((name) => name.endsWith('.cfg'))
  const files = ['etc/cloud/cloud.cfg', ...names.map((name) => `etc/cloud/cloud.cfg.d/${name}`)]
  let sources: { readonly path: string; readonly text: string } | undefined
  let locale: string | undefined
  for (const path of files) {
    const text = await readText(tree, path)
    const list = /^datasource_list:\s*((?:\[[^\]]*\])|(?:\n\s*-.*)+)/m.exec(text)?.[1]
    if (list !== undefined) sources = { path, text: list.replace(/\s+/g, ' ') }
    locale = /^locale:\s*(\S+)/m.exec(text)?.[1] ?? locale
  }
  // Without a list every source is looked for.
  if (sources && !/\bNoCloud\b/.test(sources.text))
    yield createFinding('cloud-init-datasource', sources.path, sources.text)
  const builtIn = locale !== undefined && /^(C|POSIX)(\.UTF-?8)?$/i.test(locale)
  if (
    !builtIn &&
    locale !== 'false' &&
    (await existing(tree, ['usr/sbin/locale-gen', 'usr/lib/locale/locale-archive'])).length === 0
  ) {
    const evidence = locale === undefined ? 'no locale is set' : `locale: ${locale}`
    yield createFinding('cloud-init-locale', 'etc/cloud/cloud.cfg', `${evidence}, and there is no locale-gen`)
  }
}
