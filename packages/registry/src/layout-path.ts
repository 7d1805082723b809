import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { openLayoutDirectory } from './layout-directory.ts'
import type { LayoutFiles } from './layout-files.ts'
import { openLayoutTar } from './layout-tar.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/**
 * The files at a path: those of a directory, or those in an uncompressed tar.
 *
 * @throws RegistryError `bad-layout` for what is neither, `unsupported` for a compressed tar
 */
export async function openLayoutFiles(path: string): Promise<LayoutFiles> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = await handle.stat()
    if (stat.isFile()) return await openLayoutTar(handle, path)
    await handle.close()
    if (stat.isDirectory()) return openLayoutDirectory(path)
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed'
    throw new RegistryError('bad-layout', `${quote(path)}: cannot be opened (${reason}); check the path`, { cause })
  }
  throw new RegistryError('bad-layout', `${quote(path)}: is neither a directory nor a file; name an OCI image layout`)
}

/** A file name as a repository, the way Podman calls images without a registry. */
export function repositoryOf(path: string): string {
  const words = basename(path)
    .toLowerCase()
    .match(/[a-z0-9]+/g)
  return words?.join('-') ?? 'image'
}
