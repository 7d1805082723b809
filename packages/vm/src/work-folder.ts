import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createOwnedFolder } from './boot/boot-folder.ts'
import { type BootstrapHooks, imageHooks } from './debian-hooks.ts'

/** Where mmdebstrap finds its hooks and unpacks. */
export type WorkFolder = {
  readonly path: string
  readonly setupHook: string
  readonly customizeHook: string
  /** Every user may write here: in a user namespace mmdebstrap is another one. */
  readonly root: string
}

/**
 * Makes it, after removing those that `kill -9` left.
 *
 * @param temporary directory to make it in; it and those above it must be open to all users
 */
export async function createWorkFolder(temporary: string, hooks: BootstrapHooks = imageHooks): Promise<WorkFolder> {
  const path = await createOwnedFolder(temporary, 'flist-bootstrap-')
  const folder = {
    path,
    setupHook: join(path, 'setup'),
    customizeHook: join(path, 'customize'),
    root: join(path, 'root'),
  }
  await chmod(path, 0o755)
  await mkdir(folder.root)
  await chmod(folder.root, 0o1777)
  for (const [file, script] of [
    [folder.setupHook, hooks.setup],
    [folder.customizeHook, hooks.customize],
  ] as const) {
    await writeFile(file, script)
    await chmod(file, 0o755)
  }
  return folder
}

/**
 * Removes the folder with whatever a bootstrap that was killed left in it. Other file systems are not entered: what is still mounted
 * there belongs to the machine.
 *
 * @param cleaner what has to stand before a command that may remove files of the bootstrap's own users; empty where there are none
 * @throws when something stays
 */
export async function removeWorkFolder(
  folder: WorkFolder,
  cleaner: readonly string[],
  searchPath: readonly string[],
): Promise<void> {
  const remove = async (directory: string, before: readonly string[]) => {
    const [program = 'find', ...args] = [...before, 'find', directory, '-xdev', '-delete']
    await promisify(execFile)(program, args, { env: { PATH: searchPath.join(':') }, cwd: '/' })
  }
  if (cleaner.length > 0 && (await readdir(folder.root)).length > 0) {
    // It can not remove what belongs to the caller: that comes next, and tells what stays.
    await remove(folder.root, cleaner).catch(() => {})
  }
  await remove(folder.path, [])
}
