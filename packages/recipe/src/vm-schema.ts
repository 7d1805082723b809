import * as z from 'zod'
import { checkSchema, snippetUse } from './check-schema.ts'
import { cloudInitSchema } from './cloud-init-schema.ts'
import { account, description, packageName, source, target } from './names.ts'
import { fileSchema } from './snippet-schema.ts'

const codeName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'is no code name: write it like "bookworm"')

/** Somebody besides root, who gets the key of the deployment. */
const user = z.strictObject({
  name: account,
  uid: z.int().min(1000).max(59_999).optional(),
  groups: z.array(account).default([]).meta({ description: 'Besides its own; packages make them' }),
  shell: target.default('/bin/bash'),
  keys: z
    .array(
      z.string().regex(/^(?:ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+=*(?: [\x20-\x7e]*)?$/, 'is no public key of SSH'),
    )
    .default([])
    .meta({ description: 'Public keys that let somebody in; there are no passwords' }),
})

/** recipes/vms/<name>/vm.yaml: what a virtual machine is made of. */
export const vmSchema = z
  .strictObject({
    description,
    distribution: z
      .enum(['debian', 'ubuntu', 'arch'])
      .meta({ description: 'Which tools and packages make the machine' }),
    bootstrap: z
      .enum(['mmdebstrap', 'debootstrap'])
      .default('mmdebstrap')
      .meta({ description: 'debootstrap works in more steps and takes longer; Arch Linux has its own' }),
    release: codeName,
    components: z.array(codeName).min(1).default(['main']),
    keyring: source.optional().meta({
      description: 'A file of recipes/ with the keys of the archive; by default those that the machine has',
    }),
    kernel: packageName.meta({ description: 'The package whose kernel it starts with' }),
    packages: z.array(packageName).default([]).meta({ description: 'On top of what every machine needs' }),
    snippets: z.array(snippetUse).default([]).meta({ description: 'Those of images; systemd starts their services' }),
    files: z.array(fileSchema).default([]),
    users: z.array(user).default([]),
    cloudInit: cloudInitSchema.optional(),
    size: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'MiB its files may have in sum; a larger machine is not published' }),
    memory: z
      .int()
      .min(250)
      .max(65_536)
      .default(1024)
      .meta({ description: 'MiB it is tried with; zos gives a machine no less than 250' }),
    checks: z.array(checkSchema).default([]),
  })
  .meta({ title: 'tf-images virtual machine' })

export type VmYaml = z.output<typeof vmSchema>
