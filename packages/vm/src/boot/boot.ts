import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type BootFiles, findBootFiles } from '../contract/boot-mode.ts'
import { directoryTree, hostPath } from '../contract/directory-tree.ts'
import { VmError } from '../errors.ts'
import { chooseAccelerator } from './accelerator.ts'
import type { BootCheck, SshAccess } from './boot-check.ts'
import { createBootFolder } from './boot-folder.ts'
import type { BootReport } from './boot-report.ts'
import type { ConsoleLine } from './console-log.ts'
import { buildContainerInitrd } from './container-initrd.ts'
import { diskBoot } from './disk-boot.ts'
import type { DistributionKernel } from './distribution-kernel.ts'
import { holdMachine } from './held-machine.ts'
import { type MachineBoot, startMachine } from './machine.ts'
import { requireTool } from './machine-tools.ts'
import { runToEnd } from './run-to-end.ts'
import { writeSeedDisk } from './seed-disk.ts'
import { judge, observeMachine } from './verdict.ts'

export type BootOptions = {
  /** Command of the deployment; of a machine with its own kernel one path, which becomes `init=`. */
  readonly entrypoint?: readonly string[]
  /**
   * Command that the image or the flist names: for a container whose deployment has none. A machine with a kernel of its own does not get
   * it, as images of distributions name a shell, which as its init would do nothing.
   */
  readonly imageEntrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** What must hold when it is ready. */
  readonly checks?: readonly BootCheck[]
  /** Text on the console without which a container is not ready. */
  readonly expect?: string
  /** Waits until root can log in, also to a container, which has to have an SSH daemon then. */
  readonly login?: boolean
  /** Bytes of the user's disk that an `image.raw` is copied to. Default: those of the image, and at least 4 GiB. */
  readonly diskSize?: number
  /** MiB. Default: 1024 for a machine with its own kernel, 512 for a container. */
  readonly memory?: number
  readonly cpus?: number
  /** Milliseconds it may take until it is ready and checked. Default: by what runs it. */
  readonly timeout?: number
  /** The kernel of containers, whose own zos has on the hub. */
  readonly containerKernel: () => Promise<DistributionKernel>
  /** Static busybox of this machine. */
  readonly busybox?: string
  /** Directory for the files of the boot. Default: the system's temporary one. */
  readonly temporary?: string
  readonly onLine?: (line: ConsoleLine) => void
  /** Receives the bytes of the console as they come. */
  readonly onConsole?: (bytes: Uint8Array) => void
  /** Called when the machine runs, with what types on its console as a user would. */
  readonly onStarted?: (type: (bytes: Uint8Array) => void) => void
  /** Called when it is ready and checked; the machine runs until this resolves, or until it is switched off from inside. */
  readonly whileReady?: (access: SshAccess) => Promise<void>
  readonly signal?: AbortSignal
}

/** Milliseconds a start may take. */
const timeouts = {
  kvm: { container: 60_000, vm: 240_000, image: 240_000 },
  // Emulated processors are slow, and those of shared machines slower.
  tcg: { container: 180_000, vm: 900_000, image: 900_000 },
} as const

const hostname = 'zmachine'
const macAddress = '52:54:00:12:34:56'

/**
 * Starts a directory the way zos starts a flist, and waits until it is ready: a container when its entrypoint runs, a machine with its
 * own kernel when cloud-init has finished and root can log in with the key that was given to it. The directory stays as it is.
 *
 * That it does not start is a result. Nothing is left behind: no process, no mount; files of a process that was killed are removed by
 * the next one.
 *
 * @throws VmError 'boot-failed' when it can not be tried, 'tool-missing' naming the package, 'cancelled'
 */
export async function bootDirectory(root: string, options: BootOptions): Promise<BootReport> {
  if (process.getuid?.() !== 0)
    throw new VmError('boot-failed', `${root}: only root may mount it as a node does; run it as root (sudo)`)
  const { files } = await findBootFiles(directoryTree(root))
  const folder = await createBootFolder(options.temporary ?? tmpdir())
  try {
    return await bootIn(folder, resolve(root), files, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function bootIn(folder: string, root: string, files: BootFiles, options: BootOptions): Promise<BootReport> {
  const { signal, environment = {} } = options
  const { mode } = files
  const boot = await machineBoot(folder, root, files, options)
  const probe = boot.kind === 'kernel' ? boot.kernel : (await options.containerKernel()).vmlinux
  const accelerator = await chooseAccelerator(probe, signal)
  const access = { port: await freePort(), keyFile: join(folder, 'key') }
  await runToEnd([
    await requireTool('ssh-keygen'),
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'flist-boot',
    '-f',
    access.keyFile,
  ])
  const publicKey = (await readFile(`${access.keyFile}.pub`, 'utf8')).trim()
  const seedDisk = await writeSeedDisk(folder, {
    instance: `flist-boot-${process.pid}-${Date.now()}`,
    hostname,
    macAddress,
    // QEMU's own network for a guest.
    ...{ address: '10.0.2.15/24', gateway: '10.0.2.2', nameservers: ['10.0.2.3'] },
    sshKeys: [publicKey],
    environment,
    entrypoint: mode === 'container' ? (options.entrypoint ?? options.imageEntrypoint ?? []) : [],
  })
  const observed = observeMachine(options.onLine)
  const machine = await startMachine({
    boot,
    place: join(folder, 'machine'),
    seedDisk,
    accelerator: accelerator.name,
    memory: options.memory ?? (mode === 'container' ? 512 : 1024),
    cpus: options.cpus ?? 2,
    macAddress,
    sshPort: access.port,
    onConsole: (bytes) => {
      observed.write(bytes)
      options.onConsole?.(bytes)
    },
  })
  options.onStarted?.(machine.type)
  const limit = AbortSignal.timeout(options.timeout ?? timeouts[accelerator.name][mode])
  try {
    const verdict = await judge({ machine, observed, access, limit, mode, expectations: options })
    const { whileReady } = options
    if (verdict.outcome === 'ready' && whileReady) await holdMachine(machine, () => whileReady(access), signal)
    const { stages, lines, now } = observed
    return { mode, accelerator, ...verdict, stages, milliseconds: now(), console: [...lines()] }
  } finally {
    await machine.stop()
  }
}

async function machineBoot(
  folder: string,
  root: string,
  { kernel, initrd, image, mode }: BootFiles,
  { containerKernel, busybox = '/bin/busybox', entrypoint = [], diskSize, signal }: BootOptions,
): Promise<MachineBoot> {
  // What zos finds has no links in it any more.
  if (mode === 'image' && image !== undefined) return diskBoot(folder, join(root, image), diskSize, signal)
  if (kernel !== undefined) {
    const append = entrypoint.length > 0 ? `init=${entrypoint.join(' ')}` : undefined
    // Names in a tree are bytes, and QEMU takes what has a comma for several files of this machine.
    const named = async (name: string, path: string) => {
      await symlink(hostPath(root, path), join(folder, name))
      return join(folder, name)
    }
    const ramDisk = initrd === undefined ? undefined : await named('initrd', initrd)
    return { kind: 'kernel', kernel: await named('kernel', kernel), initrd: ramDisk, append, root }
  }
  const { vmlinux, modules } = await containerKernel()
  const file = join(folder, 'initrd.img')
  await writeFile(file, await buildContainerInitrd(modules, busybox))
  return { kind: 'kernel', kernel: vmlinux, initrd: file, append: undefined, root }
}

/** A port of the loopback that nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null)
    throw new VmError('boot-failed', 'boot: no free port on 127.0.0.1; end what uses them')
  return address.port
}
