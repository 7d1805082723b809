import { PipelineError } from '../errors.ts'
import type { HubSession } from './hub-session.ts'
import { stagingName } from './release-names.ts'

/**
 * Makes a name lead to a flist of the account, in one step: the link is made under a name of its own and renamed. The hub's
 * own way to move a link removes it first, and for a moment its readers get a 404.
 *
 * Moving a link to where it leads does nothing.
 *
 * @throws PipelineError 'name-taken' when the name is a flist; HubError 'mismatch' when the hub did something else
 */
export async function moveLink(session: HubSession, target: string, name: string): Promise<void> {
  const { hub, account, call } = session
  const before = await hub.light(account, name, call)
  if (before?.type === 'symlink' && before.target === target && before.md5 !== null) return
  if (before?.type === 'regular') {
    throw new PipelineError(
      'name-taken',
      `"${account}/${name}": is a flist and no link; rename or delete it, or choose another link`,
    )
  }
  await renameStaged(session, 'link', name, (staged) => hub.link(target, staged, call))
}

/** Makes something under a name of its own, and renames it; what failed leaves nothing where the hub can be reached. */
export async function renameStaged(
  session: HubSession,
  kind: 'upload' | 'link',
  name: string,
  make: (staged: string) => Promise<void>,
): Promise<void> {
  const { hub, call } = session
  const staged = stagingName(name, kind)
  try {
    await make(staged)
    await hub.rename(staged, name, { ...call, onLink: 'replace' })
  } catch (error) {
    await removeStaged(session, staged)
    throw error
  }
}

/** Deletes a staging name where that can be done; the next run finds what stayed. */
export async function removeStaged({ hub, call }: HubSession, staged: string): Promise<void> {
  if (call.signal?.aborted) return
  await hub.delete(staged, call).catch(() => {})
}
