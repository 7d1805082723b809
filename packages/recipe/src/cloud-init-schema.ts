import { stringify } from 'yaml'
import * as z from 'zod'
import { account, isTarget, mode, owner, packageName, TARGET_RULE, word } from './names.ts'

const line = word.refine((text) => text !== '', 'is empty')
const command = z.union([line, z.array(line).min(1, 'needs a program')])

/** What decides whether the machine is reached at all; a file there could turn it off. */
const own = ['/etc/cloud/', '/var/lib/cloud/', '/etc/netplan/', '/etc/systemd/network/', '/run/']

const writtenFile = z.strictObject({
  path: z
    .string()
    .refine(isTarget, `is no target: ${TARGET_RULE}`)
    .refine((path) => !own.some((folder) => path.startsWith(folder)), `is a place of cloud-init or of the network`),
  content: word,
  permissions: mode.optional(),
  owner: owner.optional(),
  append: z.boolean().optional(),
  defer: z.boolean().optional(),
})

const host = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'is no name of a server')
const bytes = z.union([z.int().min(0), z.string().regex(/^(?:auto|\d+[KMGT]?)$/, 'is no size: write it like "512M"')])

/**
 * Settings of cloud-init that a definition may make: what is done in a machine at its first start. Where it gets its data, network, names
 * and keys from is not among them, nor its list of modules: zos' own way to a machine stands as it is.
 */
export const cloudInitSchema = z
  .strictObject({
    bootcmd: z.array(command).optional().meta({ description: 'Commands of every start, once the data is there' }),
    runcmd: z.array(command).optional().meta({ description: 'Commands of the first start, at its end' }),
    write_files: z.array(writtenFile).optional(),
    packages: z.array(packageName).optional().meta({ description: 'Installed at the first start, from the network' }),
    package_update: z.boolean().optional(),
    package_upgrade: z.boolean().optional(),
    timezone: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/, 'is no zone: write it like "Europe/Brussels"')
      .optional(),
    ntp: z
      .strictObject({
        enabled: z.boolean().optional(),
        servers: z.array(host).optional(),
        pools: z.array(host).optional(),
      })
      .optional(),
    groups: z.array(account).optional(),
    manage_etc_hosts: z.union([z.boolean(), z.literal('localhost')]).optional(),
    swap: z
      .strictObject({
        filename: z.string().refine(isTarget, `is no target: ${TARGET_RULE}`),
        size: bytes,
        maxsize: bytes.optional(),
      })
      .optional()
      .meta({ description: 'On a disk: a file on virtiofs can not be swapped to' }),
  })
  .meta({ description: 'Settings of cloud-init for the first start' })

export type CloudInit = z.output<typeof cloudInitSchema>

/** Read before what every machine gets (99-zos.cfg), which therefore has the last word. */
export const CLOUD_INIT_FILE = '/etc/cloud/cloud.cfg.d/50-definition.cfg'

export function cloudInitText(settings: CloudInit, file: string): string {
  return `# From ${file}\n${stringify(settings)}`
}
