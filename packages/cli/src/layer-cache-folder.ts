import { join } from 'node:path'

/**
 * Where converted layers are kept: what `--cache` says, nowhere with `--no-cache` (then it is false), else in the folder of
 * the chunks. Without these a layer index is of no use: so there is one folder to keep, and one to throw away.
 *
 * @param chunks location of the chunk store; one that is no directory has no folder
 */
export function layerCacheFolder(chunks: string, cache: string | false | undefined): string | undefined {
  if (cache === false) return undefined
  if (cache !== undefined) return cache
  const [, scheme, path = chunks] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(chunks) ?? []
  return scheme === undefined || scheme.toLowerCase() === 'dir' ? join(path, 'layers') : undefined
}
