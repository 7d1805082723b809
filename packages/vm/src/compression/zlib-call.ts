import { damaged } from './output-bytes.ts'

/** What Node's zlib gives with the option `info`, which its types leave out. */
type WithEngine = { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } }

/**
 * Calls a one-shot function of Node's zlib that was given `info` and `maxOutputLength`.
 *
 * @throws VmError 'compressed-data'
 */
export function callZlib(name: string, limit: number, call: () => unknown): WithEngine {
  try {
    return call() as WithEngine
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_BUFFER_TOO_LARGE') throw damaged(name, `it unpacks to more than ${limit} bytes`, error)
    throw damaged(name, error instanceof Error ? error.message : String(error), error)
  }
}
