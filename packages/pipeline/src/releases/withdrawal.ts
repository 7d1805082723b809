import { HubError } from '@tf-images/hub'
import type { HubSession } from '../publishing/hub-session.ts'

/** The tag of builds that were rolled back: they are not published again until somebody promotes them. */
export const WITHDRAWN = 'withdrawn'

/** The names of builds that were rolled back. */
export async function readWithdrawn({ hub, account, call }: HubSession): Promise<ReadonlySet<string>> {
  try {
    return new Set((await hub.tags(account, WITHDRAWN, call)).map(({ name }) => name))
  } catch (error) {
    if (error instanceof HubError && error.code === 'not-found') return new Set()
    throw error
  }
}

/** Marks a build as rolled back. Doing it again changes nothing. */
export async function addWithdrawal(session: HubSession, name: string): Promise<void> {
  if ((await readWithdrawn(session)).has(name)) return
  await session.hub.tag(WITHDRAWN, name, session.account, name, session.call)
}

/** Takes the mark away, where there is one. */
export async function removeWithdrawal(session: HubSession, name: string): Promise<void> {
  if (!(await readWithdrawn(session)).has(name)) return
  await session.hub.untag(WITHDRAWN, name, session.account, name, session.call)
}
