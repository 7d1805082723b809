import * as z from 'zod'
import { baseName, reference, registry, source } from './names.ts'

const bootstrap = z
  .strictObject({
    tool: z.literal('mmdebstrap'),
    release: z.string().regex(/^[a-z][a-z0-9-]*$/, 'is no release: write its code name, like "bookworm"'),
    components: z.array(z.string().regex(/^[a-z][a-z-]*$/, 'is no component: write it like "main"')).min(1),
    include: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'is no package: write it like "apt"'))
      .optional()
      .meta({ description: 'Packages besides those that every system needs' }),
    keyring: source
      .optional()
      .meta({ description: 'A file of recipes/ with the keys of the archive; by default those that the machine has' }),
  })
  .meta({ description: 'How to make the base where no public registry answers; the mirror is the one of the machine' })

/** Variables of a mirror that pacman fills in itself (pacman.conf(5), "Server"). */
const MIRROR_VARIABLE = /\$(?:repo|arch)\b/

const sourceLine = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9 ._:/=@+,~[\]%-]|\{(?:date|year|month|day)\}|\$(?:repo|arch)\b)+$/,
    'is no line of sources: letters, digits and ._:/=@+,~[]%-, for pacman $repo and $arch, too',
  )

const snapshot = z
  .array(sourceLine)
  .refine((lines) => lines.some((line) => /\{(?:date|day)\}/.test(line)), 'has no {date}: the lock says which')
  .meta({
    description:
      'Sources of packages at a date: lines of the package manager, {date} is what the lock has; or its parts {year}, {month} and {day}',
  })

const base = z
  .strictObject({
    reference: reference.meta({ description: 'The image that FROM names by default' }),
    family: z.enum(['debian', 'alpine', 'fedora', 'arch']).meta({ description: 'Decides the package manager' }),
    bootstrap: bootstrap.optional(),
    snapshot: snapshot.optional(),
  })
  .refine((base) => !base.snapshot || base.family !== 'fedora', 'can have no snapshot: dnf has no list of sources')
  .refine(
    (base) => base.family === 'arch' || !base.snapshot?.some((line) => MIRROR_VARIABLE.test(line)),
    'has $repo or $arch in its snapshot: only pacman fills these in',
  )

const url = z.string().regex(/^https?:\/\/[^\s"'\\$]+$/, 'is no URL: write it like "https://host/owner/project"')

/** recipes/recipes.yaml: the one place that names the registry and the bases. */
export const recipesSchema = z
  .strictObject({
    registry: registry.meta({ description: 'Registry and path in front of the name of every image' }),
    source: url.optional().meta({ description: 'Where the recipes live; becomes a label of the images' }),
    bases: z.record(baseName, base),
  })
  .meta({ title: 'tf-images recipes' })

/** How a base can be made without a registry; of loaded recipes, the keyring is an absolute path. */
export type Bootstrap = z.output<typeof bootstrap>

/** An image that is not built from these recipes. */
export type Base = z.output<typeof base>

export type RecipesYaml = z.output<typeof recipesSchema>
