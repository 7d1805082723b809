import { downloadArguments, LOCK_FILE, type Lock, type RenderedImage } from '@tf-images/recipe'
import { PipelineError } from './errors.ts'

/**
 * The build arguments of an image but for its base: the hashes that only the lock knows.
 *
 * @throws PipelineError 'not-locked' at the places of all downloads whose hash nobody says
 */
export function buildArgumentsOf(image: RenderedImage, lock: Lock | undefined): Readonly<Record<string, string>> {
  const lines = missingHashes(image, lock)
  if (lines.length > 0) throw new PipelineError('not-locked', lines.join('\n'))
  return downloadArguments(image, lock).values
}

/** The places of all downloads of an image whose hash nobody says, and what to do, a line each. */
export function missingHashes(image: RenderedImage, lock: Lock | undefined): readonly string[] {
  return downloadArguments(image, lock).missing.map(({ url, origin: { file, line, column } }) => {
    return `${file}:${line}:${column}: ${url} has no sha256, here or in ${LOCK_FILE}; run: flist lock`
  })
}
