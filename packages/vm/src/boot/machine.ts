import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { lastLines } from '../tool.ts'
import type { Accelerator } from './accelerator.ts'
import { confinement, machineScript } from './machine-script.ts'
import { requireTool, systemPath, virtiofsdCommand } from './machine-tools.ts'

/** What a machine starts from. */
export type MachineBoot =
  | {
      readonly kind: 'kernel'
      readonly kernel: string
      readonly initrd: string | undefined
      /** Added to zos' own command line. */
      readonly append: string | undefined
      /** Directory that becomes its root. */
      readonly root: string
    }
  | {
      readonly kind: 'disk'
      readonly disk: string
      /** Code of the UEFI firmware, and its variables, which it writes to. */
      readonly firmware: string
      readonly variables: string
    }

export type MachineOptions = {
  readonly boot: MachineBoot
  /** Empty folder of this machine, on which things are mounted. */
  readonly place: string
  readonly seedDisk: string
  readonly accelerator: Accelerator['name']
  /** MiB; zos takes no less than 250. */
  readonly memory: number
  readonly cpus: number
  readonly macAddress: string
  /** Port of this machine's loopback that leads to the guest's port 22. */
  readonly sshPort: number
  readonly onConsole: (bytes: Uint8Array) => void
}

/** How a machine went, with the last lines of QEMU and of virtiofsd. */
export type MachineEnd = {
  readonly exitCode: number | undefined
  readonly tail: readonly string[]
  readonly daemonTail: readonly string[]
}

/** A machine that runs. */
export type Machine = {
  readonly ended: Promise<MachineEnd>
  /** Types on its console as a user would. */
  readonly type: (bytes: Uint8Array) => void
  /** Switches it off and waits until everything is gone. */
  readonly stop: () => Promise<void>
}

/** zos' own command line (zosbase, pkg/vm), with the root it gives a machine that has a kernel of its own. */
const kernelCommandLine =
  'rw console=ttyS0 reboot=k panic=1 boot.shell_on_fail root=vroot rootfstype=virtiofs rootdelay=30'

/**
 * Starts a machine as zos does, with QEMU in place of Cloud Hypervisor: the root directory over virtiofs behind an overlay, the disk
 * `cidata` read-only and last, one network card.
 *
 * @throws VmError 'tool-missing'
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { boot, place } = options
  const socket = join(place, 'virtiofs.sock')
  const daemon = boot.kind === 'kernel' ? await virtiofsdCommand(socket, join(place, 'root')) : []
  const [setpriv, ...rest] = confinement
  const wrapper = [await requireTool(setpriv ?? 'setpriv'), ...rest]
  const qemu = [await requireTool('qemu-system-x86_64'), ...qemuArguments(options, socket)]
  const root = boot.kind === 'kernel' ? boot.root : ''
  const script = ['sh', '-c', machineScript, 'sh', place, root, String(daemon.length), ...daemon, ...qemu]
  const [program = '', ...args] = [...wrapper, ...script]
  const child = spawn(program, args, {
    cwd: '/',
    env: { PATH: systemPath.join(':'), LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C of a terminal is for this process, which then stops the machine.
    detached: true,
  })
  child.stdin.on('error', () => {})
  child.stdout.on('data', options.onConsole)
  const tail = lastLines(child.stderr)
  const daemonTail = lastLines(child.stdio[3] as Readable)
  const ended = once(child, 'close').then(([code]) => ({
    exitCode: typeof code === 'number' ? code : undefined,
    tail,
    daemonTail,
  }))
  return {
    ended,
    type: (bytes) => void child.stdin.write(bytes),
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function qemuArguments(options: MachineOptions, socket: string): string[] {
  const { accelerator, memory, cpus, boot } = options
  const processor =
    accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', 'max']
  return [
    '-M',
    'q35,memory-backend=mem',
    ...processor,
    ...['-smp', String(cpus), '-m', `${memory}M`],
    ...['-object', `memory-backend-memfd,id=mem,size=${memory}M,share=on`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
    ...(boot.kind === 'kernel' ? kernelArguments(boot, socket) : diskArguments(boot)),
    ...['-drive', `file=${escaped(options.seedDisk)},if=virtio,format=raw,readonly=on`],
    ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${options.sshPort}-:22`],
    ...['-device', `virtio-net-pci,netdev=net,mac=${options.macAddress}`],
    ...['-device', 'virtio-rng-pci'],
  ]
}

function kernelArguments(
  { kernel, initrd, append }: Extract<MachineBoot, { kind: 'kernel' }>,
  socket: string,
): string[] {
  return [
    ...['-kernel', kernel],
    ...(initrd === undefined ? [] : ['-initrd', initrd]),
    ...['-append', append === undefined ? kernelCommandLine : `${kernelCommandLine} ${append}`],
    ...['-chardev', `socket,id=vroot,path=${escaped(socket)}`],
    ...['-device', 'vhost-user-fs-pci,chardev=vroot,tag=vroot,queue-size=1024'],
  ]
}

function diskArguments({ disk, firmware, variables }: Extract<MachineBoot, { kind: 'disk' }>): string[] {
  return [
    ...['-drive', `if=pflash,format=raw,readonly=on,file=${escaped(firmware)}`],
    ...['-drive', `if=pflash,format=raw,file=${escaped(variables)}`],
    ...['-drive', `file=${escaped(disk)},if=virtio,format=raw`],
  ]
}

/** A comma ends a value for QEMU; two are one. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}
