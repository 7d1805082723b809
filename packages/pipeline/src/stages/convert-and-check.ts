import { dirname } from 'node:path'
import { type ChunkStore, checkFlist, openFlist } from '@tf-images/flist'
import { type Conversion, type ConvertOptions, convertSource } from '../convert.ts'
import { PipelineError } from '../errors.ts'
import type { PhaseRunner } from '../progress.ts'
import { formatBytes, formatLayers } from '../quantity-text.ts'
import { openSource, type SourceOptions } from '../source.ts'
import { expectedToConvert, layerBytes, requireDiskSpace } from './disk-space.ts'

export type ConvertAndCheckOptions = Omit<ConvertOptions, 'onBytes'> &
  Pick<SourceOptions, 'platform' | 'credentials'> & {
    /** Bytes that have to be free where the chunks go; by default what the layers of an image let expect. */
    readonly minFree?: number
  }

/**
 * Converts a source and reads the flist again: its records, and that the store has every chunk.
 *
 * @param source what `openSource` takes
 * @throws PipelineError 'disk-full' before any work, 'flist-damaged', and what opening and converting throw
 */
export async function convertAndCheck(
  source: string,
  output: string,
  chunks: ChunkStore,
  phases: PhaseRunner,
  options: ConvertAndCheckOptions,
): Promise<Conversion> {
  const { platform, credentials, minFree, ...convertOptions } = options
  const call = options.signal ? { signal: options.signal } : {}
  const conversion = await phases.run(
    'convert',
    `converting ${source}`,
    async (report) => {
      const opened = await openSource(source, {
        ...(platform === undefined ? {} : { platform }),
        ...(credentials ? { credentials } : {}),
        ...call,
      })
      try {
        const expected = opened.kind === 'image' ? expectedToConvert(layerBytes(opened.image.layers)) : 0
        await requireDiskSpace(dirname(output), minFree ?? expected, `to convert ${source}`)
        const onBytes = (bytes: number) => report.update(formatBytes(bytes))
        return await convertSource(opened, output, chunks, { ...convertOptions, onBytes })
      } finally {
        await opened.close()
      }
    },
    ({ files, bytes, uniqueChunks, layers }) =>
      `${files} files, ${formatBytes(bytes)}, ${uniqueChunks} chunks${layers ? `; ${formatLayers(layers)}` : ''}`,
  )
  await phases.run('check', `checking ${output}`, async () => {
    using flist = await openFlist(output)
    const { problems } = await checkFlist(flist, chunks, call)
    const [first] = problems
    if (!first) return
    const text = `${output}: ${problems.length} problems, the first: ${first.message}; convert it again`
    throw new PipelineError('flist-damaged', text)
  })
  return conversion
}
