import * as z from 'zod'
import { imageTests, snippetUse } from './check-schema.ts'
import {
  baseName,
  description,
  environmentName,
  isTarget,
  labelName,
  name,
  optionName,
  packageName,
  paragraph,
  port,
  source,
  target,
  word,
} from './names.ts'
import { fileSchema } from './snippet-schema.ts'
import { SUPERVISOR_NAMES } from './supervisor.ts'

const command = z.array(word).min(1, 'needs a program')

const stageName = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]*$/, 'is no name of a stage: lower-case letters, digits and "_.-", starting with a letter')
  .refine((text) => !text.includes('-of-'), 'is kept for stages of snippets: leave out "-of-"')

/** recipes/images/<name>/image.yaml: what an image is made of. */
export const imageSchema = z
  .strictObject({
    description,
    base: z
      .union([baseName, z.strictObject({ image: name })])
      .optional()
      .meta({ description: 'A base of recipes.yaml, or "image: name" for another image of these recipes' }),
    extends: name
      .optional()
      .meta({ description: 'An image whose definition this one starts from; what it says here replaces it' }),
    abstract: z.boolean().optional().meta({ description: 'Only there to be extended: no image is made of it' }),
    variants: z
      .strictObject({
        matrix: z
          .record(optionName, z.array(z.string()).min(1, 'has no values'))
          .refine((axes) => Object.keys(axes).length > 0, 'has no axes')
          .meta({ description: 'Values by axis; "base" chooses the base, and {{axis}} stands for a value' }),
        exclude: z.array(z.record(optionName, z.string())).optional(),
      })
      .optional()
      .meta({ description: 'An image for every combination of values, named after them' }),
    supervisor: z
      .enum(SUPERVISOR_NAMES)
      .optional()
      .meta({ description: 'Starts the services, in this image and those built on it; brings its own entrypoint' }),
    kernel: packageName
      .optional()
      .meta({ description: 'A package with a kernel: "flist vm" makes a virtual machine of the same recipe' }),
    snippets: z.array(snippetUse).optional(),
    packages: z
      .array(packageName)
      .optional()
      .meta({ description: 'Packages of the distribution, installed after the snippets' }),
    files: z.array(fileSchema).optional(),
    environment: z.record(environmentName, z.string()).optional(),
    entrypoint: command
      .refine((words) => isTarget(words[0] ?? ''), 'starts with the absolute path of a program')
      .optional(),
    cmd: command.optional(),
    ports: z.array(port).optional(),
    volumes: z.array(target).optional(),
    labels: z.record(labelName, z.string()).optional(),
    notes: paragraph
      .optional()
      .meta({ description: 'What its users must know, such as how it differs from the image it takes the place of' }),
    catalogue: z
      .strictObject({
        folder: source.meta({ description: 'The folder of the Dockerfile, below tfgrid3/' }),
        was: paragraph.meta({ description: 'What that image was' }),
      })
      .optional()
      .meta({
        description: 'The Dockerfile of the old catalogue whose place it takes; makes a row of docs/catalogue.md',
      }),
    tests: imageTests,
    stages: z
      .array(
        z.strictObject({
          name: stageName,
          dockerfile: z.string().meta({ description: 'Its instructions as they are, after a FROM of the base' }),
        }),
      )
      .optional()
      .meta({ description: 'Stages in front of the image, on its base, for "COPY --from=name" in "dockerfile"' }),
    dockerfile: z
      .string()
      .optional()
      .meta({ description: 'Instructions as they are, after all files: for what recipes have no words for' }),
  })
  .meta({ title: 'tf-images image' })

export type ImageYaml = z.output<typeof imageSchema>
