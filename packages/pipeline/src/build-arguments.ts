import {
  downloadArguments,
  LOCK_FILE,
  type Lock,
  lockEntry,
  type RenderedImage,
  SNAPSHOT_ARGUMENT,
} from '@tf-images/recipe'
import { PipelineError } from './errors.ts'

/**
 * The build arguments of an image but for its base: hashes and dates that only the lock knows.
 *
 * @throws PipelineError 'not-locked' naming all that the lock does not have
 */
export function buildArgumentsOf(image: RenderedImage, lock: Lock | undefined): Readonly<Record<string, string>> {
  const lines = missingInLock(image, lock)
  if (lines.length > 0) throw new PipelineError('not-locked', lines.join('\n'))
  const { snapshot } = image
  const date = snapshot === undefined ? undefined : lockEntry(lock?.snapshots, snapshot)
  return { ...downloadArguments(image, lock).values, ...(date === undefined ? {} : { [SNAPSHOT_ARGUMENT]: date }) }
}

/** What of an image only the lock can tell, and does not, with the place and what to do, a line each. */
export function missingInLock(image: RenderedImage, lock: Lock | undefined): readonly string[] {
  const hashes = downloadArguments(image, lock).missing.map(({ url, origin: { file, line, column } }) => {
    return `${file}:${line}:${column}: ${url} has no sha256, here or in ${LOCK_FILE}; run: flist lock`
  })
  const { snapshot } = image
  if (snapshot === undefined || lockEntry(lock?.snapshots, snapshot) !== undefined) return hashes
  const text = `recipes/recipes.yaml: the packages of "${snapshot}" are of a date, and ${LOCK_FILE} has none; run: flist lock`
  return [...hashes, text]
}
