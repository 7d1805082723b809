import { join } from 'node:path'
import { checkFlist, openFlist } from '@tf-images/flist'
import { CONVERTER_VERSION } from './build-id.ts'
import { type Conversion, convertSource } from './convert.ts'
import { isConvertedFlist } from './converted-flist.ts'
import { PipelineError } from './errors.ts'
import type { Workshop } from './image-line.ts'
import type { ImageNames } from './image-names.ts'
import type { PhaseRunner } from './progress.ts'
import { formatBytes, formatLayers } from './report.ts'
import { type HubSettings, parseBackend } from './settings.ts'
import { openSource } from './source.ts'

/** Where the flist of a build is, once it is converted. */
export function convertedPath(names: ImageNames, { workFolder }: Workshop): string {
  return join(workFolder, 'flists', names.flist)
}

/** Whether an earlier run converted an image and did not come to publish it. With `strict` it has to be looked at again. */
export async function hasConverted(
  names: ImageNames,
  digest: string,
  { backend }: HubSettings,
  workshop: Workshop,
): Promise<boolean> {
  const { strict, chunks, signal } = workshop
  if (strict) return false
  const expected = { digest, converter: CONVERTER_VERSION, backend: parseBackend(backend) }
  return isConvertedFlist(convertedPath(names, workshop), expected, chunks, signal ? { signal } : {})
}

/** Converts an image to a flist in the work folder, and looks that all of it is there. */
export async function convertAndCheck(
  names: ImageNames,
  digest: string,
  workshop: Workshop,
  phases: PhaseRunner,
): Promise<Conversion> {
  const { platform, credentials, chunks, layerCache, hub, strict, limits, signal } = workshop
  const output = convertedPath(names, workshop)
  const conversion = await phases.run(
    'convert',
    `converting ${names.pinned(digest)}`,
    async (report) => {
      const source = await openSource(names.pinned(digest), { platform, credentials, ...(signal ? { signal } : {}) })
      try {
        return await convertSource(source, output, chunks, {
          layerCache,
          onBytes: (bytes) => report.update(formatBytes(bytes)),
          ...(hub ? { backend: parseBackend(hub.backend) } : {}),
          ...(workshop.startupToml ? { startupToml: true } : {}),
          ...(strict ? { strict } : {}),
          ...(limits ? { limits } : {}),
          ...(signal ? { signal } : {}),
        })
      } finally {
        await source.close()
      }
    },
    ({ files, bytes, uniqueChunks, layers }) =>
      `${files} files, ${formatBytes(bytes)}, ${uniqueChunks} chunks${layers ? `; ${formatLayers(layers)}` : ''}`,
  )
  await phases.run('check', `checking ${names.flist}`, async () => {
    using flist = await openFlist(output)
    const { problems } = await checkFlist(flist, chunks, signal ? { signal } : {})
    const [first] = problems
    if (first)
      throw new PipelineError(
        'flist-damaged',
        `${output}: ${problems.length} problems, the first: ${first.message}; convert it again`,
      )
  })
  return conversion
}
