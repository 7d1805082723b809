import type { FlistInfo } from './flist-info.ts'
import { checkStoredName, withExtension } from './names.ts'
import { notFound, readLight } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'
import { changeAndLook, findSource, freeTarget, type OverwriteOptions, ownCall } from './writing.ts'

/** As {@link OverwriteOptions}; a link at the name may also be replaced, by the one step that a rename is on the hub. */
export type RenameOptions = Omit<OverwriteOptions, 'onLink'> & { readonly onLink?: 'refuse' | 'delete' | 'replace' }

/** See `HubClient.rename`. */
export async function renameFlist(
  session: HubSession,
  from: string,
  to: string,
  options: RenameOptions,
): Promise<void> {
  checkStoredName(from)
  checkStoredName(to)
  const user = await session.account(options)
  const call = ownCall([from, 'rename', to], `rename "${from}" to "${to}"`, options)
  if (from === to) throw session.transport.error('name-refused', call, 'that is its name; give another one')
  const before = await readLight(session, user, from, options)
  if (!before) throw notFound(session, call)
  const { onLink, ...rest } = options
  if (onLink !== 'replace') await freeTarget(session, call, user, to, onLink ? { ...rest, onLink } : rest)
  else if ((await readLight(session, user, to, options))?.type === 'regular') {
    await freeTarget(session, call, user, to, rest)
  }
  const isMoved = async (look: CallOptions) =>
    (await readLight(session, user, from, look)) === undefined &&
    isTheSame(before, await readLight(session, user, to, look))
  await changeAndLook(session, call, isMoved, `"${to}" is not what "${from}" was`)
}

function isTheSame(before: FlistInfo, after: FlistInfo | undefined): boolean {
  if (before.type === 'symlink') return after?.type === 'symlink' && after.target === before.target
  return after?.type === 'regular' && after.md5 === before.md5
}

/** See `HubClient.promote`. */
export async function promoteFlist(
  session: HubSession,
  repository: string,
  source: string,
  name: string,
  options: OverwriteOptions,
): Promise<void> {
  checkStoredName(name)
  const file = withExtension(source)
  const user = await session.account(options)
  const call = ownCall(['promote', repository, file, name], `promote "${repository}/${file}" to "${name}"`, options)
  if (repository === user && file === name) {
    const text = 'a flist promoted onto itself is deleted by the hub; promote to another name'
    throw session.transport.error('name-refused', call, text)
  }
  const { md5 } = await findSource(session, call, repository, file)
  const isCopied = async (look: CallOptions) => {
    const copy = await readLight(session, user, name, look)
    return copy?.type === 'regular' && copy.md5 === md5
  }
  // Also when the source is a link that leads to this very flist, which the hub would delete.
  if (await isCopied(options)) return
  await freeTarget(session, call, user, name, options)
  await changeAndLook(session, call, isCopied, 'it has other bytes than the source')
}
