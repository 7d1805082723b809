import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Where a twin keeps things. Everything is a plain file: `users/USER/NAME.flist` (links are symlinks), `chunks/AB/…`. */
export type Storage = {
  readonly users: string
  readonly chunks: string
  /** Files being written. Nothing here is ever visible; what a kill left behind goes at the next start. */
  readonly incoming: string
  /** Uploads that are worked on, under the names their senders gave them. Goes at the next start, too. */
  readonly distfiles: string
}

/** Makes the folders of a twin, or takes those of an earlier run, and drops half-written files of that run. */
export async function openStorage(root: string): Promise<Storage> {
  const folder = (name: string): string => resolve(root, name)
  const storage = {
    users: folder('users'),
    chunks: folder('chunks'),
    incoming: folder('incoming'),
    distfiles: folder('distfiles'),
  }
  for (const path of [storage.incoming, storage.distfiles]) await rm(path, { recursive: true, force: true })
  for (const path of Object.values(storage)) await mkdir(path, { recursive: true })
  return storage
}

/** A fresh path to write to before a rename puts the finished file in its place. */
export function incomingPath(storage: Storage): string {
  return join(storage.incoming, randomUUID())
}

/** Whether a text from outside can be one file name below a folder: it can neither leave the folder nor name it. */
export function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && Buffer.byteLength(name) <= 255
}
