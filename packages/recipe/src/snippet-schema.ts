import * as z from 'zod'
import { snippetTests } from './check-schema.ts'
import {
  baseName,
  description,
  environmentName,
  mode,
  name,
  optionName,
  origin,
  owner,
  source,
  target,
  unitName,
  version,
} from './names.ts'
import { downloadSchema, stageSchema } from './stage-schema.ts'

const optionDescription = { description: description.optional() }
const pattern = z
  .string()
  .refine(isExpression, 'is no regular expression')
  .optional()
  .meta({ description: 'A regular expression the whole text must match' })

const option = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('string'), default: z.string().optional(), pattern, ...optionDescription }),
    z.strictObject({ type: z.literal('boolean'), default: z.boolean().optional(), ...optionDescription }),
    z.strictObject({
      type: z.literal('number'),
      default: z.number().optional(),
      integer: z.boolean().optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      ...optionDescription,
    }),
    z.strictObject({
      type: z.literal('enum'),
      values: z.array(z.string()).min(1, 'needs at least one value'),
      default: z.string().optional(),
      ...optionDescription,
    }),
    z.strictObject({ type: z.literal('list'), default: z.array(z.string()).optional(), pattern, ...optionDescription }),
  ])
  .meta({ description: 'A value the image sets; without a default it must' })

const template = z.string()

const packages = z.array(template)

const contentRule = 'needs either "source" or "content"'

/** A file that is copied into the image; the same in snippets and images. */
export const fileSchema = z
  .strictObject({
    target: target.meta({ description: 'Where it goes: an absolute path' }),
    source: source.optional().meta({ description: 'A file of this folder; one that ends in .hbs is a template' }),
    content: z.string().optional().meta({ description: 'The text itself, taken as it is' }),
    quote: z
      .enum(['shell', 'json', 'line', 'text'])
      .optional()
      .meta({ description: 'How a template quotes its values; by default from the kind of file' }),
    mode: mode.optional().meta({ description: 'Octal, in quotes; "0644" by default' }),
    owner: owner.optional().meta({ description: 'user or user:group; root by default' }),
  })
  .refine((file) => (file.source === undefined) !== (file.content === undefined), contentRule)

const service = z
  .strictObject({
    name: name.meta({ description: 'Unique in the image' }),
    type: z.enum(['oneshot', 'longrun']).meta({ description: 'oneshot: once at boot, before any longrun' }),
    exec: z
      .array(template)
      .min(1, 'needs a program')
      .meta({ description: 'The program, by its absolute path, and its arguments; no shell reads them' }),
    after: z.array(name).optional().meta({ description: 'Services that must have run or be up before' }),
    environment: z
      .array(environmentName)
      .optional()
      .meta({ description: 'Variables of the container it reads, for its documentation' }),
    replaces: z
      .array(unitName)
      .optional()
      .meta({ description: 'Units of its package, like "ssh.service", that systemd must not start beside it' }),
  })
  .meta({ description: 'What the supervisor of the image starts' })

/** recipes/snippets/<name>/snippet.yaml: one capability of an image. */
export const snippetSchema = z
  .strictObject({
    description,
    version: version.optional().meta({ description: 'Raised with every change that its users should know of' }),
    options: z.record(optionName, option).optional(),
    requires: z.array(name).optional().meta({ description: 'Snippets that must come before this one' }),
    after: z
      .array(name)
      .optional()
      .meta({ description: 'Snippets that come before this one where both are in an image' }),
    distributions: z.array(baseName).min(1, 'supports nothing').optional().meta({
      description: 'Families (like "debian") or bases (like "debian:12") it works on; all when there is no list',
    }),
    packages: z
      .strictObject({
        apt: packages.optional(),
        apk: packages.optional(),
        dnf: packages.optional(),
        pacman: packages.optional(),
      })
      .optional(),
    install: z
      .array(template)
      .optional()
      .meta({ description: 'Commands in the layer of the packages: what they leave there never reaches the image' }),
    downloads: z.array(downloadSchema).optional(),
    network: z.array(origin).min(1, 'names no host').optional().meta({
      description:
        'Hosts that its commands load from, besides its packages and downloads; registries of packages by name, like "npm"',
    }),
    stages: z.array(stageSchema).optional(),
    files: z.array(fileSchema).optional(),
    run: z.array(template).optional().meta({ description: 'Commands after the files were copied' }),
    services: z.array(service).optional(),
    environment: z.record(environmentName, template).optional(),
    ports: z.array(z.union([z.number(), template]).transform(String)).optional(),
    volumes: z.array(template).optional(),
    tests: snippetTests,
  })
  .meta({ title: 'tf-images snippet' })

/** The type, default and limits of an option. */
export type OptionDefinition = z.output<typeof option>

export type SnippetYaml = z.output<typeof snippetSchema>
export type FileEntry = z.output<typeof fileSchema>
export type ServiceEntry = z.output<typeof service>

function isExpression(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}
