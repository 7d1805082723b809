import { mkdtemp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FlistError } from '../errors.ts'

/** How a file is to appear. */
export type WholeFileOptions<T> = {
  /** Called with what was written just before it appears at the output; throwing keeps it from there. */
  readonly accept?: (summary: T) => void
  readonly signal?: AbortSignal
}

/**
 * Lets `write` make a file that appears as `output` when it is complete and accepted, or not at all; what was there before
 * stays until then. Other files it needs may lie beside the one it is given. Throws `io`, FlistErrors of `write`, the
 * signal's reason, and what `accept` throws.
 */
export async function writeWhole<T>(
  output: string,
  write: (file: string) => Promise<T>,
  { accept, signal }: WholeFileOptions<T> = {},
): Promise<T> {
  const workspace = await writing(output, signal, () => mkdtemp(join(dirname(output), `.${basename(output)}-`)))
  try {
    const file = join(workspace, 'output')
    const summary = await writing(output, signal, () => write(file))
    accept?.(summary)
    await writing(output, signal, () => rename(file, output))
    return summary
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

/** Does a part of the writing; what goes wrong in it becomes an error that names the flist. */
async function writing<T>(output: string, signal: AbortSignal | undefined, part: () => Promise<T>): Promise<T> {
  try {
    return await part()
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof FlistError) throw cause
    throw new FlistError('io', `${output}: the flist could not be written (${String(cause)})`, { cause })
  }
}
