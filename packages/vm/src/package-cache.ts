import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const staleMilliseconds = 30 * 24 * 60 * 60 * 1000

/**
 * Makes the folder in which packages are kept, for its owner alone, and removes the packages that no bootstrap used for 30 days: those
 * of Debian and Ubuntu write anew what they used, pacman what it loaded.
 *
 * @param now milliseconds since the epoch
 */
export async function preparePackageCache(folder: string, now = Date.now()): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (!/\.deb$|\.pkg\.tar(\.\w+){0,2}$/.test(name)) continue
    const path = join(folder, name)
    // The time of the last change is that of the archive; the one of the inode is when it was written here.
    const written = await stat(path).then(
      ({ ctimeMs }) => ctimeMs,
      () => now,
    )
    if (now - written > staleMilliseconds) await rm(path, { force: true })
  }
}
