import { readFile } from 'node:fs/promises'
import { PipelineError } from '@tf-images/pipeline'

/**
 * Reads a file that holds a token or a seed, without the blanks around it.
 *
 * @param option the option that named it
 * @throws PipelineError 'bad-settings'
 */
export async function readSecretFile(path: string, option: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new PipelineError('bad-settings', `"${path}": can not be read (${code}); give ${option} a file that can`, {
      cause: error,
    })
  }
}
