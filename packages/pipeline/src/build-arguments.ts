import { downloadArguments, LOCK_FILE, type Lock, type RenderedImage } from '@tf-images/recipe'
import { PipelineError } from './errors.ts'

/**
 * The build arguments of an image but for its base: the hashes that only the lock knows.
 *
 * @throws PipelineError 'not-locked' at the places of all downloads whose hash nobody says
 */
export function buildArgumentsOf(image: RenderedImage, lock: Lock | undefined): Readonly<Record<string, string>> {
  const { values, missing } = downloadArguments(image, lock)
  const lines = missing.map(({ url, origin: { file, line, column } }) => {
    return `${file}:${line}:${column}: ${url} has no sha256, here or in ${LOCK_FILE}; run: flist lock`
  })
  if (lines.length > 0) throw new PipelineError('not-locked', lines.join('\n'))
  return values
}
