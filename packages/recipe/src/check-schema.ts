import * as z from 'zod'
import { baseName, environmentName, mode, name, optionName, target, word } from './names.ts'
import { SUPERVISOR_NAMES } from './supervisor.ts'

const serviceName = z.string().regex(/^[A-Za-z0-9:_.@-]+$/, 'is no name of a service: write it like "ssh"')

/** What is looked for in a text, line by line. */
const line = word.refine((text) => text !== '' && !text.includes('\n'), 'is not one line')

const KINDS = ['command', 'port', 'file', 'service'] as const
const OF_KIND = { expect: 'command', contains: 'file', mode: 'file' } as const

/** What is asked of something that runs; without its place. */
export type CheckValue = { readonly name?: string } & (
  | { readonly kind: 'command'; readonly command: string; readonly expect?: string }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'file'; readonly path: string; readonly contains?: string; readonly mode?: number }
  | { readonly kind: 'service'; readonly service: string }
)

/** Something that must hold in a machine or container that is up; the same in machines, images and snippets. */
export const checkSchema = z
  .strictObject({
    name: z.string().min(1, 'is empty').optional().meta({ description: 'What a report calls it' }),
    command: word.optional().meta({ description: 'A command of the shell, run as root, that must end with 0' }),
    expect: line.optional().meta({ description: 'A text that must be in what the command says' }),
    port: z.int().min(1).max(65_535).optional().meta({ description: 'A TCP port that must be listened on' }),
    file: target.optional().meta({ description: 'A file or folder that must be there' }),
    contains: line.optional().meta({ description: 'A text that must be in the file' }),
    mode: mode.optional().meta({ description: 'Its mode, octal and in quotes, like "0644"' }),
    service: serviceName
      .optional()
      .meta({ description: 'Must be up, or have run; a service of the snippets, in a machine a unit of systemd' }),
  })
  .superRefine((check, context) => {
    const kinds = KINDS.filter((kind) => check[kind] !== undefined)
    if (kinds.length !== 1) {
      const found = kinds.length === 0 ? '' : `, and this has ${kinds.map((kind) => `"${kind}"`).join(' and ')}`
      context.addIssue({ code: 'custom', message: `needs one of "command", "port", "file" and "service"${found}` })
    }
    for (const [key, kind] of Object.entries(OF_KIND) as [keyof typeof OF_KIND, (typeof KINDS)[number]][]) {
      if (check[key] === undefined || check[kind] !== undefined || kinds.length !== 1) continue
      context.addIssue({ code: 'custom', path: [key], message: `belongs to a check of a ${kind}` })
    }
  })
  .transform(({ name, command, expect, port, file, contains, mode, service }): CheckValue => {
    const named = name === undefined ? {} : { name }
    if (command !== undefined)
      return { ...named, kind: 'command', command, ...(expect === undefined ? {} : { expect }) }
    if (port !== undefined) return { ...named, kind: 'port', port }
    if (service !== undefined) return { ...named, kind: 'service', service }
    const bits = mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }
    return { ...named, kind: 'file', path: file ?? '', ...(contains === undefined ? {} : { contains }), ...bits }
  })
  .meta({
    description:
      'A command of the shell that ends with 0, a TCP port that is listened on, a file, or a service that is up',
  })

const run = {
  name: z.string().min(1, 'is empty').optional().meta({ description: 'What a report calls it' }),
  environment: z
    .record(environmentName, z.string())
    .optional()
    .meta({ description: 'Variables the container is started with' }),
  timeout: z
    .int()
    .min(1)
    .max(600)
    .optional()
    .meta({ description: 'Seconds until everything expected must hold; 60 by default' }),
  expect: z.array(checkSchema).min(1, 'expects nothing').meta({ description: 'What must hold in the container' }),
}

/** A container of an image with variables of its own, and what must hold in it. */
const imageScenario = z.strictObject(run)

/** Of an image: checks of a container that is started as it is, and of containers with variables. */
export const imageTests = z
  .array(z.union([checkSchema, imageScenario]))
  .optional()
  .meta({ description: 'What must hold in a container of it: checks, or "environment" and what to "expect" with it' })

/** A snippet or a supervisor's choice, as images write it. */
export const snippetUse = z
  .union([
    name,
    z
      .record(name, z.record(z.string(), z.unknown()).nullable())
      .refine((uses) => Object.keys(uses).length === 1, 'names one snippet: start a new list item for the next'),
  ])
  .meta({ description: 'A snippet by its name, or "name: { option: value }"' })

/** Of a snippet: images with it that are built and run, and what must hold in them. */
export const snippetTests = z
  .array(
    z.strictObject({
      ...run,
      base: baseName.meta({ description: 'A base of recipes.yaml the image is built on' }),
      supervisor: z
        .enum(SUPERVISOR_NAMES)
        .optional()
        .meta({ description: 'Starts the services; without it the container only waits' }),
      options: z.record(optionName, z.unknown()).optional().meta({ description: 'Options of the snippet' }),
      with: z.array(snippetUse).optional().meta({ description: 'Other snippets of the image' }),
    }),
  )
  .optional()
  .meta({ description: 'Images with the snippet that are built and run, and what must hold in them' })

export type ImageTests = NonNullable<z.output<typeof imageTests>>
export type SnippetTests = NonNullable<z.output<typeof snippetTests>>
