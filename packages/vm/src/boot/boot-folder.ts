import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const bootPrefix = 'flist-boot-'
const ownerFile = 'owner.json'
/** A folder without an owner is one that is being made, or was when its maker was killed. */
const youngMilliseconds = 60_000

/** Which process a folder is of: ids are used again, so the time of its start belongs to it. */
type Owner = { readonly process: number; readonly startedAt: string }

/**
 * Makes the folder of one boot, after removing those whose process is gone: what `kill -9` leaves is files, since mounts and processes
 * of a machine end with the process that started it.
 *
 * @param temporary directory it is made in
 */
export async function createBootFolder(temporary: string): Promise<string> {
  const path = await createOwnedFolder(temporary, bootPrefix)
  await mkdir(join(path, 'machine'))
  return path
}

/** Makes a folder that the next call with this prefix removes, should this process not come to do it. */
export async function createOwnedFolder(temporary: string, prefix: string): Promise<string> {
  await removeLeftovers(temporary, prefix)
  const path = await mkdtemp(join(temporary, prefix))
  const owner: Owner = { process: process.pid, startedAt: (await startOf(process.pid)) ?? '' }
  await writeFile(join(path, ownerFile), JSON.stringify(owner))
  return path
}

/**
 * Removes folders of processes that are gone. Those of other users are not ours to judge: who owns a folder could lead a removal by root
 * out of it.
 *
 * @param user whose folders. Default: of this process
 * @returns the folders that were removed
 */
export async function removeLeftovers(
  temporary: string,
  prefix = bootPrefix,
  user = process.getuid?.(),
): Promise<string[]> {
  const removed: string[] = []
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name)
    if (!name.startsWith(prefix)) continue
    const found = await lstat(path).catch(() => undefined)
    if (!found?.isDirectory() || found.uid !== user || (await isInUse(path, found.mtimeMs))) continue
    // Another one may be doing the same.
    await rm(path, { recursive: true, force: true }).catch(() => {})
    removed.push(path)
  }
  return removed
}

async function isInUse(path: string, changed: number): Promise<boolean> {
  const text = await readFile(join(path, ownerFile), 'utf8').catch(() => undefined)
  if (text === undefined) return Date.now() - changed < youngMilliseconds
  const owner = readOwner(text)
  return owner !== undefined && (await startOf(owner.process)) === owner.startedAt
}

function readOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('process' in value) || !('startedAt' in value))
      return undefined
    const { process: id, startedAt } = value
    return typeof id === 'number' && typeof startedAt === 'string' ? { process: id, startedAt } : undefined
  } catch {
    return undefined
  }
}

/** When a process was started, in the kernel's ticks (field 22 of /proc/PID/stat); undefined when there is none. */
async function startOf(id: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${id}/stat`, 'latin1').catch(() => undefined)
  // The name of the program, in brackets, may have blanks and brackets in it.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}
