import type { ChunkStore } from '@tf-images/flist'
import { HubError } from '@tf-images/hub'
import type { Phase, PhaseRunner } from '../progress.ts'
import type { HubSettings } from '../settings.ts'
import { type FlistContent, readFlistContent } from './flist-content.ts'
import { type HubSession, withSession } from './hub-session.ts'
import { removeStaged } from './link-move.ts'
import {
  type PublishFacts,
  type PublishOutcome,
  type PublishPlan,
  type PublishStep,
  planPublication,
} from './publish-plan.ts'
import { runStep, type StepContext, type StepState } from './publish-steps.ts'
import { findLeftovers, readNames, readPublishedChunks, settleName } from './published-facts.ts'
import { checkPublishedNames } from './published-names.ts'
import { chooseRoute, openBackend, type routes } from './route.ts'
import { readStorage, type StorageReport } from './storage-report.ts'

export type PublishRequest = {
  /** Path of the converted flist. */
  readonly flist: string
  /** Local store that has all its chunks. */
  readonly chunks: ChunkStore
  /** Immutable name on the hub, `nginx-1.27-1a2b3c4d5e6f.flist`. */
  readonly name: string
  /** The names users follow, in the order in which they are moved: `nginx.flist`. */
  readonly links: readonly string[]
  /** Default `native`: an archive loses what the flist says about itself, so nobody gets one by a gateway's bad day. */
  readonly route?: (typeof routes)[number]
  /** Replaces what is at the immutable name although it has other content. */
  readonly replace?: boolean
  /** Also measures what would be sent, and compares with the published flists of the account. */
  readonly fullReport?: boolean
}

export type Publication = {
  readonly outcome: PublishOutcome
  readonly reason: string
  /** Account the flist is in. */
  readonly account: string
  /** Where the build's own name is, and what it leads to: the name itself, or the flist of equal content. */
  readonly url: string
  readonly target: string
  readonly linkUrls: readonly string[]
  readonly route: PublishPlan['route']
  readonly steps: readonly PublishStep[]
  readonly storage: StorageReport
  /** Bytes of chunks that were sent, as they are stored. */
  readonly sentBytes: number
}

/**
 * Publishes a flist so that a reader of a link always gets a whole one: chunks first, then the flist under a name nobody
 * follows, then it is read back and renamed, and only then the links move, each in one step, and are read back, too. It may
 * be interrupted anywhere; repeating it finishes the job. Content that the link leads to already is not published again.
 *
 * @throws HubError, FlistError, PipelineError 'not-published', 'name-refused', 'name-taken'
 */
export async function publishFlist(
  request: PublishRequest,
  settings: HubSettings,
  phases: PhaseRunner,
  signal?: AbortSignal,
): Promise<Publication> {
  return withPlan(request, settings, phases, signal, async (context) => {
    const { plan, session } = context
    const state: StepState = { sentBytes: 0 }
    try {
      for (const step of plan.steps) {
        await phases.run(phaseOf(step), step.what, (report) => runStep(step, context, state, report))
      }
    } finally {
      if (state.staged) await removeStaged(session, state.staged)
    }
    return publicationOf(request, session, plan, state.sentBytes)
  })
}

/**
 * What {@link publishFlist} would do, without doing any of it.
 *
 * @throws as publishFlist, for what can be seen beforehand
 */
export async function previewPublication(
  request: PublishRequest,
  settings: HubSettings,
  phases: PhaseRunner,
  signal?: AbortSignal,
): Promise<PublishPlan> {
  return withPlan(request, settings, phases, signal, async ({ plan }) => plan)
}

/** A name that a publisher has just seen is gone: another one finished and cleaned up. */
const RACES = 2

async function withPlan<T>(
  request: PublishRequest,
  settings: HubSettings,
  phases: PhaseRunner,
  signal: AbortSignal | undefined,
  body: (context: StepContext) => Promise<T>,
): Promise<T> {
  checkPublishedNames(request.name, request.links)
  return withSession(settings, signal, async (session) => {
    const content = await readFlistContent(request.flist, signal ? { signal } : {})
    const backend = await openBackend(settings, signal)
    try {
      for (let attempt = 1; ; attempt++) {
        const context = await phases.run(
          'publish',
          `looking at ${session.url}/${session.account}/${request.name}`,
          () => makeContext(request, settings, session, content, backend),
          ({ plan }) => `${plan.outcome}: ${plan.reason}`,
        )
        try {
          return await body(context)
        } catch (error) {
          const raced = error instanceof HubError && error.code === 'not-found'
          if (!raced || attempt === RACES) throw error
        }
      }
    } finally {
      await backend.close()
    }
  })
}

async function makeContext(
  request: PublishRequest,
  settings: HubSettings,
  session: HubSession,
  content: FlistContent,
  backend: ChunkStore,
): Promise<StepContext> {
  const { name, links, chunks: local, route: wanted = 'native', replace = false, fullReport = false } = request
  const others = fullReport ? await readPublishedChunks(session) : undefined
  const [names, leftovers, storage] = await Promise.all([
    readNames(session, content, name, links),
    findLeftovers(session, [name, ...links]),
    readStorage(content, backend, others),
  ])
  const { missing } = storage
  const sendBytes = fullReport ? await storedBytes(missing, local) : undefined
  const report = { ...storage.report, ...(sendBytes === undefined ? {} : { sendBytes }) }
  const { nameState: there } = names
  // Whether what lies there is what was published depends on the route, too.
  const isArchived = there.kind === 'other' && there.archived !== undefined
  const route = await chooseRoute(wanted, settings, missing.length > 0 || isArchived, session.call.signal)
  const nameState = settleName(there, route.route, { missing: missing.length, replace })
  const facts: PublishFacts = { ...names, nameState, account: session.account, leftovers, storage: report, route }
  const plan = planPublication(facts, { replace })
  const targetMd5 = nameState.kind === 'equal' ? nameState.md5 : names.equal?.md5
  return { session, settings, plan, content, local, backend, missing, targetMd5, replace }
}

async function storedBytes(missing: StepContext['missing'], local: ChunkStore): Promise<number> {
  let bytes = 0
  for (const { id } of missing) bytes += (await local.get(id)).length
  return bytes
}

function phaseOf({ kind }: PublishStep): Phase {
  if (kind === 'check' || kind === 'check links') return 'read back'
  return kind === 'link' || kind === 'record' ? 'link' : 'publish'
}

function publicationOf(
  { name, links }: PublishRequest,
  { url, account }: HubSession,
  plan: PublishPlan,
  sentBytes: number,
): Publication {
  const { outcome, reason, target, route, steps, storage } = plan
  const linkUrls = links.map((link) => `${url}/${account}/${link}`)
  return {
    outcome,
    reason,
    account,
    url: `${url}/${account}/${name}`,
    target,
    linkUrls,
    route,
    steps,
    storage,
    sentBytes,
  }
}
