import { mkdir, statfs } from 'node:fs/promises'
import { PipelineError } from '../errors.ts'
import { formatBytes } from '../report.ts'

/**
 * Refuses to begin work that would end with a full disk.
 *
 * @param folder where the work is done; made when it is not there
 * @param needed bytes that have to be free
 * @throws PipelineError 'disk-full'
 */
export async function requireDiskSpace(folder: string, needed: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  throw new PipelineError(
    'disk-full',
    `"${folder}": ${formatBytes(free)} are free, ${formatBytes(needed)} are needed; remove what is not used, on GitHub's runners as a rule /usr/local/lib/android, /usr/share/dotnet and "docker image prune --all", or take a folder on a larger disk`,
  )
}
