import type { Initrd } from '../../initrd/read-initrd.ts'
import { bootPaths } from '../boot-mode.ts'
import { createFinding, type Finding, shown } from '../finding.ts'
import { resolvePath } from '../path-resolution.ts'
import type { RuleSubject } from '../rule.ts'
import { kernelRelease } from './kernel-rules.ts'

/** What it takes to reach a root on virtiofs. */
const neededModules = [
  ['virtiofs', 'initrd-no-virtiofs'],
  ['virtio_pci', 'initrd-no-virtio-pci'],
] as const

/** No initial RAM disk, with a kernel that needs one. */
export async function* initrdPlace(subject: RuleSubject): AsyncGenerator<Finding> {
  const { tree, files } = subject
  if (files.mode !== 'vm' || files.initrd !== undefined) return
  if (await tree.lookup(bootPaths.initrd)) return
  const builtIn = await builtInModules(subject)
  if (neededModules.every(([name]) => builtIn.has(name))) return
  yield createFinding('initrd-missing', bootPaths.initrd, 'nothing is there, and virtiofs is not built into the kernel')
}

/** What has to be in it. */
export async function* initrdContents(subject: RuleSubject): AsyncGenerator<Finding> {
  const { initrd, files } = subject
  if (!initrd || files.initrd === undefined) return
  const path = files.initrd
  const parts = initrd.segments.map(({ offset, compression }) => `${compression ?? 'plain'} at ${offset}`).join(', ')
  if (!initrd.entries.has('init')) yield createFinding('initrd-no-init', path, `its parts: ${parts}`)
  const modules = modulesOf(initrd)
  const builtIn = await builtInModules(subject)
  for (const [name, code] of neededModules) {
    if (!modules.names.has(name) && !builtIn.has(name))
      yield createFinding(code, path, `it has ${modules.names.size} modules, and not ${name}.ko`)
  }
  const release = kernelRelease(subject.kernel)
  if (release !== undefined && modules.releases.size > 0 && !modules.releases.has(release)) {
    const there = [...modules.releases].map(shown).join(', ')
    yield createFinding('initrd-release', path, `it has modules of ${there}, the kernel is ${shown(release)}`)
  }
  if (sleepsForRootdelay(initrd)) yield createFinding('initrd-rootdelay', path, '/init has: sleep "$ROOTDELAY"')
}

/** Names of modules as `modprobe` knows them, and the releases they are for. */
function modulesOf({ entries }: Initrd): { readonly names: Set<string>; readonly releases: Set<string> } {
  const names = new Set<string>()
  const releases = new Set<string>()
  for (const name of entries.keys()) {
    const [, release = '', module = ''] =
      /^(?:usr\/)?lib\/modules\/([^/]+)\/.*?([^/]+)\.ko(?:\.(?:gz|xz|zst))?$/.exec(name) ?? []
    if (module === '') continue
    names.add(module.replaceAll('-', '_'))
    releases.add(release)
  }
  return { names, releases }
}

/** What the kernel has at hand before there is a root file system: modules of its own, and those of the initial RAM disk. */
export async function earlyModules(
  subject: Pick<RuleSubject, 'tree' | 'kernel' | 'initrd'>,
): Promise<ReadonlySet<string>> {
  const { initrd } = subject
  return new Set([...(await builtInModules(subject)), ...(initrd ? modulesOf(initrd).names : [])])
}

/** Modules that are part of the kernel, as its package lists them. */
async function builtInModules({
  tree,
  kernel,
  initrd,
}: Pick<RuleSubject, 'tree' | 'kernel' | 'initrd'>): Promise<ReadonlySet<string>> {
  const release = kernelRelease(kernel)
  if (release === undefined) return new Set()
  const list = await resolvePath(tree, `lib/modules/${release}/modules.builtin`, 'guest')
  const text =
    list.kind === 'found'
      ? await tree.read(list.path)
      : initrd?.entries.get(`lib/modules/${release}/modules.builtin`)?.content
  const lines = Buffer.from(text ?? [])
    .toString('latin1')
    .split('\n')
  return new Set(lines.map((line) => line.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_')))
}

/** Debian's script honours `rootdelay` with a sleep, unless a script before it takes the number away. */
function sleepsForRootdelay({ entries }: Initrd): boolean {
  const text = (content: Uint8Array) => Buffer.from(content).toString('latin1')
  const scripts = [...entries].filter(([name]) => name === 'init' || /^scripts\/(local|functions|nfs)$/.test(name))
  if (!scripts.some(([, { content }]) => /sleep "?\$\{?ROOTDELAY/.test(text(content)))) return false
  return ![...entries].some(
    ([name, { content }]) => /^(scripts\/init-top\/|conf\/)/.test(name) && /\bROOTDELAY=/.test(text(content)),
  )
}
