import { constants, createReadStream, createWriteStream } from 'node:fs'
import { copyFile, lstat, mkdir, readlink, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ChangeStage, ConnectionCut, effectOf, type FaultEffect } from './faults.ts'
import { incomingPath, type Storage } from './storage.ts'

/** How deep links to links are followed, as the kernel does. */
const LONGEST_LINK_CHAIN = 40

/** Everything that a call changes in the repositories. */
export type Changes = {
  /** Writes a file's bytes into what stands at `path`: through a link, into the file it leads to. */
  overwrite(file: string, path: string): Promise<void>
  /** Puts a copy of a file in the place of what stands at `path`; of a link, and not of what it leads to. */
  replace(file: string, path: string): Promise<void>
  /** The same for a flist that was made here. */
  commit(file: string, path: string): Promise<void>
  /** Makes a link, or moves one. The caller has checked that no file stands there. */
  link(target: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
}

/**
 * Changes as the hub makes them: it removes, then writes, so that a reader or a crash in between meets nothing or half of a
 * file. Only `rename` is one step.
 */
export function stepwiseChanges(storage: Storage, effects: readonly FaultEffect[]): Changes {
  const between = (stage: ChangeStage): Promise<void> => strike(effects, stage)
  return {
    async overwrite(file, path) {
      const target = await endOfLinks(storage, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, '')
      await between('removed')
      await write(file, target, between)
    },
    async replace(file, path) {
      await rm(path, { force: true })
      await between('removed')
      await write(file, path, between)
    },
    async commit(file, path) {
      await rm(path, { force: true })
      await between('removed')
      // Readers and listings see it.
      const uncompressed = `${path}.uncompressed`
      await copyFile(file, uncompressed)
      await write(file, path, between)
      await rm(uncompressed)
    },
    async link(target, path) {
      await rm(path, { force: true })
      await between('removed')
      await symlink(target, path)
    },
    rename,
    remove: unlink,
  }
}

/** Changes in one step each: a reader always meets the old or the new. Nothing is ever written through a link. */
export function atomicChanges(storage: Storage): Changes {
  async function replace(file: string, path: string): Promise<void> {
    const copy = incomingPath(storage)
    await mkdir(dirname(path), { recursive: true })
    await copyFile(file, copy, constants.COPYFILE_FICLONE)
    await rename(copy, path)
  }
  return {
    overwrite: replace,
    replace,
    commit: replace,
    async link(target, path) {
      const link = incomingPath(storage)
      await symlink(target, link)
      await rename(link, path)
    },
    rename,
    remove: unlink,
  }
}

/** The same changes on a disk that is slow or full, or by a hub that says so and does not make them. */
export function faultyChanges(changes: Changes, effects: readonly FaultEffect[]): Changes {
  const slow = effectOf(effects, 'slow-disk')
  const full = effectOf(effects, 'full')
  if (effectOf(effects, 'forget')) {
    const nothing = async (): Promise<void> => {}
    return { overwrite: nothing, replace: nothing, commit: nothing, link: nothing, rename: nothing, remove: nothing }
  }
  if (!slow && !full) return changes
  const before = async (): Promise<void> => {
    if (slow) await sleep(slow.ms)
    if (full) throw new Error('no space left on device')
  }
  return {
    overwrite: async (...args) => before().then(() => changes.overwrite(...args)),
    replace: async (...args) => before().then(() => changes.replace(...args)),
    commit: async (...args) => before().then(() => changes.commit(...args)),
    link: async (...args) => before().then(() => changes.link(...args)),
    rename: async (...args) => before().then(() => changes.rename(...args)),
    remove: async (...args) => before().then(() => changes.remove(...args)),
  }
}

async function strike(effects: readonly FaultEffect[], stage: ChangeStage): Promise<void> {
  const slow = effectOf(effects, 'slow-replace')
  if (slow) await sleep(slow.ms)
  if (effects.some((effect) => effect.kind === 'half-applied' && effect.stage === stage)) {
    throw new ConnectionCut(`a crash: ${stage}`)
  }
}

/** Writes a file's bytes to `path`, which is emptied first, in two halves. */
async function write(file: string, path: string, between: (stage: ChangeStage) => Promise<void>): Promise<void> {
  const { size } = await stat(file)
  const half = Math.ceil(size / 2)
  const copyPart = (start: number, end: number, flags: string): Promise<void> =>
    pipeline(createReadStream(file, { start, end: end - 1 }), createWriteStream(path, { flags }))
  await (half > 0 ? copyPart(0, half, 'w') : writeFile(path, ''))
  await between('half-written')
  if (half < size) await copyPart(half, size, 'a')
}

/** What a path leads to; a link out of the repositories is never followed. */
async function endOfLinks(storage: Storage, path: string): Promise<string> {
  let end = path
  for (let step = 0; step < LONGEST_LINK_CHAIN; step++) {
    const found = await lstat(end).catch(() => undefined)
    if (!found?.isSymbolicLink()) return end
    end = resolve(dirname(end), await readlink(end))
    if (!end.startsWith(storage.users + sep)) throw new Error(`${path}: the link leads out of the repositories`)
  }
  throw new Error(`${path}: too many links`)
}
