import type { BootMode } from '../contract/boot-mode.ts'

/** How far a machine got. */
export type Stage = 'kernel' | 'initrd' | 'init' | 'login' | 'cloud-init' | 'entrypoint'

/** What a line of the console tells. */
export type ConsoleEvent =
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'failure'; readonly reason: string }

/** The mark our own initial RAM disk makes before it starts the entrypoint. */
export const entrypointMark = 'flist-boot: starting'

const stages: readonly (readonly [RegExp, Stage])[] = [
  [/Linux version \d/, 'kernel'],
  [/Run \/init as init process|Loading, please wait/, 'initrd'],
  [/systemd\[1\]: |Welcome to (?!GRUB).*!$|run-init: |INIT: version/, 'init'],
  // The serial port may have no prompt: where emulation is slow, systemd waits for its device in vain.
  [/^\S+ login: ?$|Reached target getty\.target/, 'login'],
  [/Cloud-init v\. .* finished at /, 'cloud-init'],
  [new RegExp(`^${entrypointMark} `), 'entrypoint'],
]

/** What ends a boot, as kernels, initial RAM disks, systemd and QEMU say it; with what it comes from. */
const failures: readonly (readonly [RegExp, string])[] = [
  [/Error loading uncompressed kernel without PVH ELF Note/, 'the kernel has no PVH note'],
  [/VFS: Unable to mount root fs|Cannot open root device/, 'the kernel has no initial RAM disk that mounts virtiofs'],
  [/Failed to mount \S+ as root|mount: No such device/, 'the initial RAM disk has no virtiofs'],
  [/Target filesystem doesn't have|\/sbin\/init: No such file/, 'there is no init in the root file system'],
  [/No init found|run-init: opening console/, 'the initial RAM disk can not start init; is /dev there?'],
  [/does not exist\. Bailing out/, 'the entrypoint is not there, not executable, or behind an absolute link'],
  [/Attempted to kill init! exitcode=0x00000000/, 'the entrypoint ended'],
  [/Attempted to kill init!/, 'the entrypoint or init failed'],
  [/You are in emergency mode/, 'systemd could not start what it must'],
  [/Kernel panic - not syncing/, 'the kernel panicked'],
  [/KVM internal error/, 'KVM does not work on this machine'],
  [/Rebooting automatically|reboot: Restarting system/, 'the machine started again'],
]

/** Escape sequences and carriage returns that consoles are full of. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it is about
const decoration = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-B]|[=>78c])|[\r\x07\x00]/g

/**
 * A line as it reads on a screen.
 *
 * @param line bytes of the serial port
 */
export function plainLine(line: string): string {
  return Buffer.from(line, 'latin1').toString('utf8').replace(decoration, '')
}

/** @param line without its end, decoration removed */
export function readConsoleLine(line: string): ConsoleEvent | undefined {
  const failure = failures.find(([pattern]) => pattern.test(line))
  if (failure) return { kind: 'failure', reason: failure[1] }
  const stage = stages.find(([pattern]) => pattern.test(line))
  return stage && { kind: 'stage', stage: stage[1] }
}

/** The stages that must have been reached for a machine to be ready, by what it is started as. */
export function readyStages(mode: BootMode): readonly Stage[] {
  return mode === 'container' ? ['entrypoint'] : ['login', 'cloud-init']
}
