import { join } from 'node:path'
import type { BootstrapOptions } from '../bootstrap-options.ts'
import { VmError } from '../errors.ts'
import { mayAccess } from '../tool.ts'

type Archive = Pick<BootstrapOptions, 'release' | 'mirror' | 'keyring'>

/**
 * Without these files mmdebstrap takes a release of Ubuntu for one of Debian, and apt trusts nobody.
 *
 * @param machine root of the machine that makes the bootstrap
 * @throws VmError 'tool-missing'
 */
export async function requireUbuntu({ release, mirror, keyring }: Archive, machine = '/'): Promise<void> {
  const needed = [
    ...(mirror === undefined ? [['/usr/share/distro-info/ubuntu.csv', 'distro-info-data', 'mirror'] as const] : []),
    ...(keyring === undefined
      ? [['/usr/share/keyrings/ubuntu-archive-keyring.gpg', 'ubuntu-keyring', 'keyring'] as const]
      : []),
  ]
  for (const [file, debianPackage, option] of needed) {
    if (await mayAccess(join(machine, file))) continue
    const remedy = `install it (apt-get install ${debianPackage}), or give the ${option}`
    throw new VmError('tool-missing', `bootstrap of "${release}": this machine has no ${file}; ${remedy}`, {
      debianPackage,
    })
  }
}
