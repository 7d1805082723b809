import { stat } from 'node:fs/promises'
import { readBounded } from './bounded-read.ts'
import { isDockerManifest } from './docker-manifest.ts'
import { openLayoutFiles } from './layout-path.ts'
import { MANIFEST_LIMIT } from './manifest.ts'
import { RegistryError } from './registry-error.ts'

/** An image on disk: what `openImageLayout` reads, or what `openDockerArchive` does. */
export type ImageFormat = 'layout' | 'docker-archive'

/**
 * Which kind of image is at `path`; `undefined` for everything else. What engines from 25 on save is both, and read as the
 * layout it is: there every blob has a digest of its own. A Docker archive is always a tar: in a directory the names in its
 * manifest could lead out.
 */
export async function imageFormat(path: string): Promise<ImageFormat | undefined> {
  try {
    const files = await openLayoutFiles(path)
    try {
      if (await files.open('oci-layout')) return 'layout'
      const manifest = (await stat(path)).isFile() ? await files.open('manifest.json') : undefined
      if (manifest === undefined || manifest.size > MANIFEST_LIMIT) return undefined
      return isDockerManifest(await readBounded(manifest.read(), MANIFEST_LIMIT)) ? 'docker-archive' : undefined
    } finally {
      await files.close()
    }
  } catch (error) {
    // Any other tar, or a damaged one.
    if (error instanceof RegistryError) return undefined
    throw error
  }
}
