import type { ImageNames } from '../image-names.ts'
import { type HubSession, resolveName } from '../publishing/hub-session.ts'
import { readOrigin } from './history.ts'
import type { FlistFacts } from './status-stages.ts'
import { readWithdrawn } from './withdrawal.ts'

/** What the hub has of one build of an image, and of its link. */
export async function readFlistFacts(session: HubSession, names: ImageNames): Promise<FlistFacts> {
  const [flist, link, leadsTo, withdrawn] = await Promise.all([
    resolveName(session, names.flist),
    session.hub.light(session.account, names.link, session.call),
    resolveName(session, names.link),
    readWithdrawn(session),
  ])
  const { digest } = flist ? await readOrigin(session, flist.name) : {}
  return {
    ...(flist ? { flist: flist.name } : {}),
    ...(digest ? { madeFrom: digest } : {}),
    link: link?.type === 'regular' ? 'a flist' : link?.type === 'symlink' ? link.target : undefined,
    ...(leadsTo ? { leadsTo: leadsTo.name } : {}),
    withdrawn: withdrawn.has(names.flist),
  }
}
