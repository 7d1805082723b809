import { constants, existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Finds the places of a tree below a directory without ever following a link, whatever others do to it meanwhile. */
export type DirectoryTrail = {
  /**
   * What stands for a path of the tree (a byte string; `''` is the top) in calls of the system: valid until the next call.
   * All directories above it must be there.
   */
  place(path: string): Promise<Buffer>
  close(): Promise<void>
}

/** As openat(2) has it, for which Node has no call: Linux resolves this from the open directory, not from its name. */
const OPEN_FILES = '/proc/self/fd'
/** Directories of one path that are open at once; a path may have thousands. */
const MOST_OPEN = 128

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/**
 * A trail below `target`. Each directory on the way to a place is opened from the one above it, and must be one and no link.
 * Without `/proc` paths are used as they are, with all the system makes of them.
 */
export async function openTrail(target: string): Promise<DirectoryTrail> {
  const top = await open(target, O_RDONLY | O_DIRECTORY)
  if (!existsSync(`${OPEN_FILES}/${top.fd}`)) {
    await top.close()
    return { place: async (path) => joined(target, path), close: async () => {} }
  }
  /** The deepest directories of the last way, each in the one before it. */
  const opened: { readonly path: string; readonly handle: FileHandle }[] = []

  async function directory(path: string): Promise<FileHandle> {
    for (let last = opened.at(-1); last && !isWithin(path, last.path); last = opened.at(-1)) {
      opened.pop()
      await last.handle.close()
    }
    let at = opened.at(-1)?.path ?? ''
    let handle = opened.at(-1)?.handle ?? top
    while (at !== path) {
      const slash = path.indexOf('/', at === '' ? 0 : at.length + 1)
      const next = slash < 0 ? path : path.slice(0, slash)
      const name = at === '' ? next : next.slice(at.length + 1)
      handle = await open(joined(`${OPEN_FILES}/${handle.fd}`, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      opened.push({ path: next, handle })
      if (opened.length > MOST_OPEN) await opened.shift()?.handle.close()
      at = next
    }
    return handle
  }

  return {
    async place(path) {
      const slash = path.lastIndexOf('/')
      const { fd } = await directory(path.slice(0, Math.max(slash, 0)))
      return joined(`${OPEN_FILES}/${fd}`, path === '' ? '.' : path.slice(slash + 1))
    },
    async close() {
      for (const { handle } of opened) await handle.close()
      await top.close()
    },
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

function joined(directory: string, path: string): Buffer {
  return path === ''
    ? Buffer.from(directory)
    : Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')])
}
