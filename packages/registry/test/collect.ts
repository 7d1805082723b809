import { RegistryError } from '../src/registry-error.ts'

/** Reads a stream whole. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

/** A stream of these chunks. */
export async function* streamOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

/** The RegistryError of work that has to fail with one. */
export async function failure(work: Promise<unknown> | (() => unknown)): Promise<RegistryError> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
  throw new Error('it did not fail')
}
