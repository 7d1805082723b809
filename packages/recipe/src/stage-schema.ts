import * as z from 'zod'
import { mode, name, target } from './names.ts'

const template = z.string()

const architecture = z.enum(['amd64', 'arm64'])

const variant = z.strictObject({
  url: template.meta({ description: 'Where it is: http or https; options of the snippet can be part of it' }),
  sha256: template
    .optional()
    .meta({ description: 'SHA-256 of the bytes, 64 hexadecimal digits; without it recipes.lock.yaml has to have it' }),
})

/** A file from the network: never run, never unpacked before its hash was compared. */
export const downloadSchema = z
  .strictObject({
    target: target.meta({ description: 'Where it goes; of an archive, the folder it is unpacked to' }),
    architectures: z
      .partialRecord(architecture, variant)
      .refine((variants) => Object.keys(variants).length > 0, 'needs at least one architecture')
      .meta({ description: 'What to load for which machine, by the names of OCI platforms' }),
    mode: mode.optional().meta({ description: 'Octal, in quotes; "0644" by default. An archive keeps its own' }),
    unpack: z
      .strictObject({
        strip: z.int().min(0).max(9).optional().meta({ description: 'Leading folders of its paths to leave out' }),
        format: z
          .enum(['tar', 'zip'])
          .optional()
          .meta({ description: '"tar", compressed or not, by default; a "zip" keeps its folders' }),
      })
      .refine(({ strip, format }) => format !== 'zip' || strip === undefined, 'can not leave out folders of a zip')
      .optional()
      .meta({ description: 'It is an archive' }),
  })
  .refine((download) => !(download.mode && download.unpack), 'has a mode of its own for each file of an archive')
  .meta({ description: 'A file from the network, checked against its hash while the image is built' })

/** A stage of the build of which only what is copied out of it reaches the image. */
export const stageSchema = z
  .strictObject({
    name: name
      .refine(
        (text) => /^[a-z]/.test(text) && text !== 'downloads',
        'is no stage: start with a letter; not "downloads"',
      )
      .meta({ description: 'Unique in the snippet' }),
    packages: z
      .strictObject({
        apt: z.array(template).optional(),
        apk: z.array(template).optional(),
        dnf: z.array(template).optional(),
        pacman: z.array(template).optional(),
      })
      .optional(),
    run: z.array(template).min(1, 'needs a command').meta({ description: 'Commands after the packages' }),
    copy: z
      .array(
        z.strictObject({
          from: target.meta({ description: 'File or folder of the stage' }),
          to: target.meta({ description: 'Where it goes in the image' }),
        }),
      )
      .min(1, 'copies nothing out: such a stage does nothing for the image'),
  })
  .meta({ description: 'A stage of the build, on the base of the image; only what "copy" names reaches the image' })

export type DownloadEntry = z.output<typeof downloadSchema>
export type StageEntry = z.output<typeof stageSchema>
export type Architecture = z.output<typeof architecture>
