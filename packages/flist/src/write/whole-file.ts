import { mkdtempSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FlistError } from '../errors.ts'

/** How a file is to appear. */
export type WholeFileOptions<T> = {
  /** Called with what is known of the file while it is completed; throwing keeps it from appearing at the output. */
  readonly accept?: (draft: T) => void | Promise<void>
  readonly signal?: AbortSignal
}

/** A file that is nearly made: what is known of it, and what completes it. */
export type WholeFileDraft<T> = { readonly draft: T; readonly complete: () => Promise<void> }

/** What is known of a file that was written. */
export type WholeFile<T> = T & {
  /** Size of the file itself */
  readonly flistBytes: number
}

/**
 * Lets `write` make a file that appears as `output` when it is complete and accepted, or not at all; what was there before
 * stays until then. Throws `io`, FlistErrors of `write`, the signal's reason, and what `accept` throws.
 */
export async function writeWhole<T>(
  output: string,
  write: (file: string) => Promise<WholeFileDraft<T>>,
  { accept, signal }: WholeFileOptions<T> = {},
): Promise<WholeFile<T>> {
  const workspace = await writing(output, signal, async () =>
    mkdtempSync(join(dirname(output), `.${basename(output)}-`)),
  )
  try {
    const file = join(workspace, 'output')
    const { draft, complete } = await writing(output, signal, () => write(file))
    const completed = writing(output, signal, complete)
    // What went wrong is told below.
    completed.catch(() => {})
    try {
      await accept?.(draft)
    } catch (error) {
      await completed.catch(() => {})
      throw error
    }
    await completed
    const { size: flistBytes } = await writing(output, signal, () => stat(file))
    await writing(output, signal, () => rename(file, output))
    return { ...draft, flistBytes }
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
