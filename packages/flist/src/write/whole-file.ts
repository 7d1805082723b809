import { mkdtemp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FlistError } from '../errors.ts'

/**
 * Lets `write` make a file that appears as `output` when it is complete, or not at all; what was there before stays until
 * then. Other files it needs may lie beside the one it is given. Throws `io`, FlistErrors of `write` and the signal's
 * reason.
 */
export async function writeWhole<T>(
  output: string,
  signal: AbortSignal | undefined,
  write: (file: string) => Promise<T>,
): Promise<T> {
  let workspace: string | undefined
  try {
    workspace = await mkdtemp(join(dirname(output), `.${basename(output)}-`))
    const file = join(workspace, 'output')
    const result = await write(file)
    await rename(file, output)
    return result
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof FlistError) throw cause
    throw new FlistError('io', `${output}: the flist could not be written (${String(cause)})`, { cause })
  } finally {
    if (workspace !== undefined) await rm(workspace, { recursive: true, force: true })
  }
}
