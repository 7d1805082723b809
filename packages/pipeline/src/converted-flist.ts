import { type ChunkStore, checkFlist, FlistError, openFlist } from '@tf-images/flist'
import type { Backend } from './image-metadata.ts'

/** What a flist has to say of itself to be the one that a conversion would make now. */
export type ExpectedFlist = { readonly digest: string; readonly converter: string; readonly backend: Backend }

/** Whether a file is a whole flist of an image, made by this converter for this backend, with all chunks in the store. */
export async function isConvertedFlist(
  path: string,
  expected: ExpectedFlist,
  chunks: ChunkStore,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  try {
    using flist = await openFlist(path)
    const { image, backend } = flist.metadata
    const { digest, converter } = record(image)
    const { host, port, namespace } = record(backend)
    const isSame = digest === expected.digest && converter === expected.converter
    const { backend: other } = expected
    if (!isSame || host !== other.host || port !== other.port || namespace !== other.namespace) return false
    return (await checkFlist(flist, chunks, options)).problems.length === 0
  } catch (error) {
    // Not there, or cut off: it is made again.
    if (error instanceof FlistError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return false
    throw error
  }
}

/** Rows that the format does not know come back as text. */
function record(row: unknown): Record<string, unknown> {
  if (typeof row === 'string') {
    try {
      return record(JSON.parse(row))
    } catch {
      return {}
    }
  }
  return typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : {}
}
