import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quoted } from '../shell-word.ts'
import { requireTool } from './machine-tools.ts'
import { runToEnd } from './run-to-end.ts'

/** What zos tells a machine by its second disk. */
export type SeedData = {
  /** `instance-id`: another one is another machine for cloud-init. */
  readonly instance: string
  readonly hostname: string
  readonly macAddress: string
  /** With its prefix, like `10.0.2.15/24`. */
  readonly address: string
  readonly gateway: string
  readonly nameservers: readonly string[]
  readonly sshKeys: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Command of a container; empty for `/sbin/init`. */
  readonly entrypoint: readonly string[]
}

/**
 * The files of the disk `cidata`, as zos writes them (zosbase, pkg/vm/cloudinit/image.go): three for cloud-init, and `zosrc`, which a
 * container's initial RAM disk sources. YAML is written as JSON, where a MAC address stays text.
 */
export function seedFiles(seed: SeedData): Readonly<Record<string, string>> {
  const { macAddress, address, gateway, nameservers, sshKeys } = seed
  const network = {
    version: 2,
    ethernets: {
      eth0: {
        match: { macaddress: macAddress },
        dhcp4: false,
        addresses: [address],
        gateway4: gateway,
        nameservers: { addresses: nameservers },
      },
    },
  }
  const users = sshKeys.length > 0 ? { users: [{ name: 'root', ssh_authorized_keys: sshKeys }] } : {}
  return {
    'meta-data': yaml({ 'instance-id': seed.instance, 'local-hostname': seed.hostname }),
    'network-config': `${JSON.stringify(network)}\n`,
    'user-data': yaml({ ...users, mounts: [] }),
    zosrc: zosrc(seed),
  }
}

function yaml(value: object): string {
  return `#cloud-config\n${JSON.stringify(value)}\n`
}

/** A script for a POSIX shell; names that are none of the shell are left out, as exporting them would end it. */
function zosrc({ environment, entrypoint, sshKeys }: SeedData): string {
  const all = { ...(sshKeys.length > 0 ? { SSH_KEY: sshKeys.join('\n') } : {}), ...environment }
  const exports = Object.entries(all)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `export ${name}=${quoted(value)}`)
  const [init, ...args] = entrypoint
  const command = init === undefined ? [] : [`init=${quoted(init)}`, `set -- ${args.map(quoted).join(' ')}`.trimEnd()]
  return `${[...exports, ...command].join('\n')}\n`
}

/** Bytes of the disk: as large as zos makes it, which at this size mkfs.fat formats as FAT12. */
const diskSize = 2 << 20

/**
 * Writes the disk: FAT without partitions, with the label by which cloud-init finds it.
 *
 * @param folder where the disk and its files go
 * @throws VmError 'tool-missing', 'boot-failed'
 */
export async function writeSeedDisk(folder: string, seed: SeedData): Promise<string> {
  const [mkfs, mcopy] = await Promise.all([requireTool('mkfs.fat'), requireTool('mcopy')])
  const disk = join(folder, 'seed.img')
  const files = join(folder, 'seed')
  await mkdir(files)
  await writeFile(disk, Buffer.alloc(diskSize))
  await runToEnd([mkfs, '-n', 'cidata', disk])
  for (const [name, text] of Object.entries(seedFiles(seed))) {
    await writeFile(join(files, name), text, { mode: 0o600 })
    await runToEnd([mcopy, '-i', disk, join(files, name), `::${name}`])
  }
  return disk
}
