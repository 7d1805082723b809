import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FlistDetails, FlistMaker } from './flist-maker.ts'
import { isLostName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import { newPath } from './named-flist.ts'
import { userExists } from './repositories.ts'
import { incomingPath } from './storage.ts'

/** What makes flists. Throws, which is an HTML 500, in a twin that was started without it. */
export function flistMaker(context: HubContext): FlistMaker {
  if (!context.flistMaker) throw new Error('this twin was started without what makes flists')
  return context.flistMaker
}

/** Where chunks go, and the backend that readers find them on. */
export function flistDetails(context: HubContext, rows: Readonly<Record<string, string | object>> = {}): FlistDetails {
  const backend = { ...context.place.backend }
  return { chunks: context.storage.chunks, metadata: { ...rows, backend }, signal: context.closing }
}

/** Gives `make` a path to write to, and `use` what it has written there. */
export async function withOutput<T>(
  context: HubContext,
  make: (output: string) => Promise<void>,
  use: (output: string) => Promise<T>,
): Promise<T> {
  const output = incomingPath(context.storage)
  try {
    await make(output)
    return await use(output)
  } finally {
    await rm(output, { force: true })
  }
}

/** Stores a flist that was made here. The hub removes the old one and then fails, unseen, for a name that is too long. */
export async function commitFlist(context: HubContext, output: string, user: string, name: string): Promise<void> {
  if (!(await userExists(context.storage, user))) await mkdir(join(context.storage.users, user))
  const path = newPath(context, user, name)
  context.closing.throwIfAborted()
  if (isLostName(name)) await rm(path, { force: true })
  else await context.changes.commit(output, path)
}
