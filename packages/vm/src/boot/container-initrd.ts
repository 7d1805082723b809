import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync, zstdDecompressSync } from 'node:zlib'
import { unpackXz } from '../compression/xz.ts'
import { VmError } from '../errors.ts'
import { type CpioEntry, writeCpio } from '../initrd/cpio.ts'
import { containerInit } from './container-init.ts'

/** Modules between a kernel and a root directory on virtiofs, in the order in which they load. */
const wantedModules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
  'failover',
  'net_failover',
  'virtio_net',
  'fuse',
  'virtiofs',
  'fat',
  'vfat',
  'nls_cp437',
  'nls_ascii',
  'nls_iso8859-1',
  'rng-core',
  'virtio-rng',
] as const

/** Those without which nothing starts, unless they are part of the kernel. */
const essentialModules: readonly string[] = ['virtio_pci', 'virtiofs', 'vfat', 'virtio_blk']

const directory = (name: string): CpioEntry => ({ name, mode: 0o040755, content: new Uint8Array() })
const program = (name: string, content: Uint8Array): CpioEntry => ({ name, mode: 0o100755, content })

/**
 * Makes the initial RAM disk of a container: busybox, the modules that reach the root directory, and a script that does what zos' own
 * does. The same files give the same bytes.
 *
 * @param modules directory of the kernel's modules, `…/lib/modules/RELEASE`
 * @param busybox a static one
 * @throws VmError 'boot-failed' naming a module that is missing
 */
export async function buildContainerInitrd(modules: string, busybox: string): Promise<Uint8Array> {
  const files = await readModules(modules)
  const shell = { name: 'bin/sh', mode: 0o120777, content: Buffer.from('busybox') }
  const console = { name: 'dev/console', mode: 0o020600, content: new Uint8Array(), device: [5, 1] as const }
  const folders = ['bin', 'dev', 'proc', 'sys', 'seed', 'new_root', 'modules'].map(directory)
  const order = Buffer.from(`${files.map(({ name }) => basename(name)).join('\n')}\n`)
  return gzipSync(
    writeCpio([
      ...folders,
      console,
      program('bin/busybox', await readFile(busybox)),
      shell,
      ...files,
      { name: 'modules/order', mode: 0o100644, content: order },
      program('init', Buffer.from(containerInit)),
    ]),
    { level: 6 },
  )
}

async function readModules(folder: string): Promise<CpioEntry[]> {
  const paths = new Map<string, string>()
  for (const path of await readdir(join(folder, 'kernel'), { recursive: true })) {
    const name = /([^/]+)\.ko(?:\.(?:xz|zst))?$/.exec(path)?.[1]
    if (name) paths.set(name, join(folder, 'kernel', path))
  }
  const builtIn = await readFile(join(folder, 'modules.builtin'), 'utf8')
  const missing = essentialModules.filter((name) => !paths.has(name) && !builtIn.includes(`/${name}.ko`))
  if (missing.length > 0)
    throw new VmError('boot-failed', `${folder}: has no ${missing.join(', ')}; give a kernel with virtio`)
  const entries: CpioEntry[] = []
  for (const name of wantedModules) {
    const path = paths.get(name)
    if (path)
      entries.push({ name: `modules/${name}.ko`, mode: 0o100644, content: unpackModule(path, await readFile(path)) })
  }
  return entries
}

/** busybox loads plain modules only. */
function unpackModule(path: string, bytes: Uint8Array): Uint8Array {
  if (path.endsWith('.xz')) return unpackXz(bytes, 64 << 20).bytes
  return path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes
}
