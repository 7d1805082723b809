import type { HubError } from './errors.ts'
import { isSuccess } from './failures.ts'
import type { FlistInfo } from './flist-info.ts'
import type { HubCall } from './hub-call.ts'
import { pathComponent } from './names.ts'
import { notFound, readLight } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'

/** A call on one's own repository. `components` are the path after `me`, not yet encoded. */
export function ownCall(components: readonly string[], purpose: string, options: CallOptions): HubCall {
  const path = ['/api/flist/me', ...components.map(pathComponent)].join('/')
  return { path, purpose, owned: true, signal: options.signal }
}

/**
 * Makes a call that changes something and looks at what came of it: the hub's "success" is not believed, and a lost answer
 * is not taken for a failure.
 *
 * @param hasWorked whether the hub has what the call should have done
 * @param otherwise what the hub has when it said "success" and has something else
 */
export async function changeAndLook(
  { transport }: HubSession,
  call: HubCall,
  hasWorked: (options: CallOptions) => Promise<boolean>,
  otherwise: string,
): Promise<void> {
  const answer = await transport.change(call, (signal) => hasWorked({ signal }))
  if (answer === undefined) return
  if (!isSuccess(answer)) throw transport.failure(call, answer)
  if (!(await hasWorked({ signal: call.signal }))) throw notDone({ transport }, call, otherwise)
}

/** The error for a success that is none. */
export function notDone({ transport }: Pick<HubSession, 'transport'>, call: HubCall, found: string): HubError {
  return transport.error('mismatch', call, `the hub said "success", but ${found}; run again`)
}

/** What may be at the name that a call writes to. */
export type TargetOptions = CallOptions & {
  /**
   * When the name is a link: `refuse` with `is-a-link` (the default), or `delete` the link, after which the name is gone
   * until the call is done. Never is anything written through a link.
   */
  readonly onLink?: 'refuse' | 'delete'
}

/** As {@link TargetOptions}, of calls that replace a flist without a word. */
export type OverwriteOptions = TargetOptions & {
  /** Whether a flist of that name may be replaced; default false, which is `is-a-file`. */
  readonly overwrite?: boolean
}

/**
 * The source of a call: what consumers would get there.
 *
 * @throws HubError `not-found` when there is nothing, or a link that leads nowhere
 */
export async function findSource(
  session: HubSession,
  call: HubCall,
  user: string,
  name: string,
): Promise<FlistInfo & { readonly md5: string }> {
  const info = await readLight(session, user, name, call)
  // A link that leads nowhere gives consumers a 404; the hub would use it all the same.
  if (!info?.md5) throw notFound(session, call, `"${user}/${name}" is not there`)
  return { ...info, md5: info.md5 }
}

/**
 * Checks that nothing is at a name of one's own, or a flist where one may be replaced.
 *
 * @throws HubError `is-a-link`, `is-a-file`
 */
export async function freeTarget(
  session: HubSession,
  call: HubCall,
  user: string,
  name: string,
  options: OverwriteOptions,
): Promise<FlistInfo | undefined> {
  const info = await readLight(session, user, name, call)
  if (info?.type === 'symlink') {
    if (options.onLink !== 'delete') {
      const text = `"${name}" is a link to "${info.target}", which the hub would write through or replace; delete the link or use another name`
      throw session.transport.error('is-a-link', call, text)
    }
    await deleteFlist(session, name, options)
    return undefined
  }
  if (info && !options.overwrite) {
    const text = `"${name}" is a flist, which would be replaced; delete it, use another name or ask for it`
    throw session.transport.error('is-a-file', call, text)
  }
  return info
}

/** See `HubClient.delete`. */
export async function deleteFlist(session: HubSession, name: string, options: CallOptions): Promise<void> {
  const user = await session.account(options)
  const call: HubCall = { ...ownCall([name], `delete "${name}"`, options), method: 'DELETE' }
  const isGone = async (look: CallOptions) => (await readLight(session, user, name, look)) === undefined
  await changeAndLook(session, call, isGone, 'it is still there')
}
