import { FlistError } from '@tf-images/flist'
import { PipelineError } from '../errors.ts'
import { downloadContent } from '../publishing/content-download.ts'
import { type HubSession, resolveName } from '../publishing/hub-session.ts'
import { moveLink, renameStaged } from '../publishing/link-move.ts'
import { checkLinkName } from '../publishing/published-names.ts'
import { flistFileName } from '../publishing/release-names.ts'
import { openBackend } from '../publishing/route.ts'
import { expectChunks } from '../publishing/send-chunks.ts'
import type { HubSettings } from '../settings.ts'
import { removeWithdrawal } from './withdrawal.ts'

/** Where chunks are looked for. */
export type BackendSettings = Pick<HubSettings, 'backend' | 'gateway' | 'retry'>

/** A link that moves to a published flist. */
export type Promotion = {
  readonly account: string
  /** The link, and what it led to before; undefined when it is new. */
  readonly link: string
  readonly before: string | undefined
  /** The flist it leads to now. */
  readonly target: string
  /** Where the flist was copied from, when it was in another repository: `alice.3bot/nginx-1a2b3c4d5e6f.flist`. */
  readonly copiedFrom?: string
  /** What is done, or would be. */
  readonly steps: readonly string[]
}

export type PromotionOptions = {
  /** Says what would be done, and writes nothing. */
  readonly dryRun?: boolean
  /** What has to be done before the link moves, once it is sure that it can. */
  readonly beforeMove?: () => Promise<void>
}

/**
 * Makes a link lead to what another name leads to, after that was downloaded and all of its chunks were found. What is in
 * another repository is copied to the account first. The link moves in one step.
 *
 * @param from a flist or link of the account, or `repository/name`
 * @throws PipelineError 'not-published' when it is not there or not whole, 'name-taken' when `to` is a flist,
 * 'name-refused' when it is no name for a link
 */
export async function promoteFlist(
  session: HubSession,
  settings: BackendSettings,
  from: string,
  to: string,
  options: PromotionOptions = {},
): Promise<Promotion> {
  const link = flistFileName(to)
  checkLinkName(link)
  const source = await findSource(session, from)
  const before = await session.hub.light(session.account, link, session.call)
  if (before?.type === 'regular') {
    throw new PipelineError('name-taken', `"${session.account}/${link}": is a flist and no link; choose another name`)
  }
  await expectWhole(session, settings, source)
  const copiedFrom = source.user === session.account ? undefined : `${source.user}/${source.name}`
  const copy = copiedFrom ? [`copy ${copiedFrom} to ${source.name}`] : []
  const now = before?.target
  const move = now === source.name ? [] : [`make ${link} lead to ${source.name}, not to ${now ?? 'nothing'}`]
  if (!options.dryRun) {
    if (copiedFrom) await copyFlist(session, source)
    await options.beforeMove?.()
    await moveLink(session, source.name, link)
    await removeWithdrawal(session, source.name)
  }
  const common = { account: session.account, link, before: now, target: source.name, steps: [...copy, ...move] }
  return copiedFrom ? { ...common, copiedFrom } : common
}

type Source = { readonly user: string; readonly name: string; readonly md5: string }

async function findSource(session: HubSession, from: string): Promise<Source> {
  const [first = '', second] = from.split('/')
  const user = second === undefined ? session.account : first
  const resolved = await resolveName({ ...session, account: user }, flistFileName(second ?? first))
  if (resolved?.info.md5) return { user, name: resolved.name, md5: resolved.info.md5 }
  throw new PipelineError(
    'not-published',
    `"${user}/${flistFileName(second ?? first)}": leads to no flist; see: flist history <image>`,
  )
}

/** @throws PipelineError 'not-published' when the flist can not be read, or a chunk of it is not on the backend */
async function expectWhole(session: HubSession, settings: BackendSettings, { user, name }: Source): Promise<void> {
  const content = await downloadContent(session, name, user).catch((error: unknown) => {
    if (!(error instanceof FlistError)) throw error
    throw new PipelineError('not-published', `"${user}/${name}": can not be read; choose another one`, { cause: error })
  })
  const backend = await openBackend(settings, session.call.signal ?? undefined)
  try {
    await expectChunks([...content.chunks.values()], backend, settings)
  } finally {
    await backend.close()
  }
}

/** Copies a flist of another repository under its own name. The hub copies in place: nobody may follow the name meanwhile. */
async function copyFlist(session: HubSession, { user, name, md5 }: Source): Promise<void> {
  const { hub, account, call } = session
  const there = await hub.light(account, name, call)
  if (there?.md5 === md5) return
  if (there) {
    throw new PipelineError('name-taken', `"${account}/${name}": has other content than "${user}/${name}"; delete one`)
  }
  await renameStaged(session, 'upload', name, (staged) => hub.promote(user, name, staged, call))
}
