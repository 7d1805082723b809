import { constants } from 'node:fs'
import { mayAccess, runTool } from '../tool.ts'
import { requireTool, systemPath } from './machine-tools.ts'

/** What runs the machine's processor, and why. */
export type Accelerator = { readonly name: 'kvm' | 'tcg'; readonly reason: string }

const probeMilliseconds = 5_000

/** Where a machine shows that it may have KVM. */
export type KvmPlaces = { readonly device: string; readonly modules: readonly string[] }

const usualPlaces: KvmPlaces = { device: '/dev/kvm', modules: ['/sys/module/kvm_intel', '/sys/module/kvm_amd'] }

/**
 * Finds out whether KVM works, by starting a kernel: the device alone says little, since nested KVM may be there and fail.
 *
 * @param kernel an uncompressed one
 */
export async function chooseAccelerator(
  kernel: string,
  signal?: AbortSignal,
  { device, modules }: KvmPlaces = usualPlaces,
): Promise<Accelerator> {
  const tcg = (reason: string): Accelerator => ({ name: 'tcg', reason })
  if (!(await mayAccess(device, constants.R_OK | constants.W_OK)))
    return tcg(`${device} is not there or may not be opened`)
  const loaded = await Promise.all(modules.map((path) => mayAccess(path)))
  if (!loaded.includes(true)) return tcg('neither kvm_intel nor kvm_amd is loaded')
  return (await startsWithKvm(kernel, signal))
    ? { name: 'kvm', reason: 'a kernel starts with it' }
    : tcg(`a kernel does not start with KVM in ${probeMilliseconds / 1000} seconds`)
}

async function startsWithKvm(kernel: string, signal?: AbortSignal): Promise<boolean> {
  const qemu = await requireTool('qemu-system-x86_64')
  const enough = new AbortController()
  const signals = [enough.signal, AbortSignal.timeout(probeMilliseconds), ...(signal ? [signal] : [])]
  const machine = ['-M', 'microvm,accel=kvm', '-cpu', 'host', '-m', '256', '-nodefaults', '-no-user-config']
  const terminal = ['-display', 'none', '-serial', 'stdio', '-no-reboot']
  let seen = ''
  await runTool([qemu, ...machine, ...terminal, '-kernel', kernel, '-append', 'console=ttyS0 panic=-1'], {
    environment: { PATH: systemPath.join(':') },
    onLine: () => {},
    readOutput: async (stdout) => {
      for await (const bytes of stdout) {
        seen = (seen + String(bytes)).slice(-65_536)
        if (seen.includes('Linux version')) return enough.abort()
      }
    },
    signal: AbortSignal.any(signals),
    grace: 1_000,
  })
  return seen.includes('Linux version')
}
