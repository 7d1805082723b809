import { type ChunkStore, FlistError } from '@tf-images/flist'
import { PipelineError } from '../errors.ts'
import type { PhaseReport } from '../progress.ts'
import type { HubSettings } from '../settings.ts'
import { uploadArchive } from './archive-upload.ts'
import { compareArchived } from './archived-content.ts'
import { downloadContent } from './content-download.ts'
import type { ChunkUse, FlistContent } from './flist-content.ts'
import type { HubSession } from './hub-session.ts'
import { moveLink, removeStaged } from './link-move.ts'
import type { PublishPlan, PublishStep } from './publish-plan.ts'
import { stagingName } from './release-names.ts'
import { expectChunks, sendChunks } from './send-chunks.ts'

/** What the steps of one publication work on. */
export type StepContext = {
  readonly session: HubSession
  readonly settings: HubSettings
  readonly plan: PublishPlan
  readonly content: FlistContent
  /** Local store that has the chunks. */
  readonly local: ChunkStore
  readonly backend: ChunkStore
  /** Chunks that the backend lacked when the plan was made. */
  readonly missing: readonly ChunkUse[]
  /** md5 of what the target is; undefined until it was uploaded and read back. */
  readonly targetMd5: string | undefined
  readonly replace: boolean
}

/** What the steps did so far. */
export type StepState = {
  /** Where the upload lies until it is renamed. */
  staged?: string
  md5?: string
  sentBytes: number
}

/** Does one step. What it did is found again by the next plan, so a run may end anywhere. */
export async function runStep(
  step: PublishStep,
  context: StepContext,
  state: StepState,
  report: PhaseReport,
): Promise<void> {
  const { session, plan } = context
  switch (step.kind) {
    case 'chunks':
      state.sentBytes = await sendAll(context, report)
      return
    case 'upload':
      state.staged = stagingName(plan.target, 'upload')
      return upload(state.staged, context, report)
    case 'check':
      state.md5 = await checkUpload(stagedName(state), context)
      return
    case 'name':
      await giveName(stagedName(state), context, state)
      delete state.staged
      return
    case 'record':
    case 'link':
      return moveLink(session, plan.target, step.name ?? '')
    case 'check links':
      return checkLinks(context, state)
    case 'clean':
      for (const leftover of step.deletes ?? []) await removeStaged(session, leftover)
  }
}

function stagedName({ staged }: StepState): string {
  if (staged === undefined) throw new Error('a flist is checked and named after it was uploaded')
  return staged
}

async function sendAll(context: StepContext, { update }: PhaseReport): Promise<number> {
  const { missing, local, settings, session, backend } = context
  const sent = await sendChunks(missing, local, settings, update, session.call.signal)
  await expectChunks(missing, backend, settings)
  return sent
}

async function upload(staged: string, context: StepContext, { update }: PhaseReport): Promise<void> {
  const { session, plan, content, local } = context
  if (plan.route.route === 'archive') return uploadArchive(session, content, local, staged, update)
  await session.hub.uploadFlist(content.path, staged, session.call)
}

/** Downloads what was uploaded, as a node would, and reads all of it. Gives its md5. */
async function checkUpload(staged: string, context: StepContext): Promise<string> {
  const { session, plan, content, backend, settings } = context
  const published = await downloadContent(session, staged).catch((error: unknown) => {
    if (!(error instanceof FlistError)) throw error
    throw new PipelineError('not-published', `"${staged}": the hub keeps a flist that can not be read; publish again`, {
      cause: error,
    })
  })
  if (plan.route.route === 'archive') {
    compareArchived(content, published, staged)
    await expectChunks([...published.chunks.values()], backend, settings)
    return published.md5
  }
  if (published.md5 === content.md5 && published.summary.treeHash === content.summary.treeHash) return published.md5
  throw new PipelineError(
    'not-published',
    `"${staged}": the hub serves md5 ${published.md5}, the flist has ${content.md5}; publish again`,
  )
}

/** Renames the checked upload, unless another publisher was there meanwhile. */
async function giveName(staged: string, context: StepContext, state: StepState): Promise<void> {
  const { session, plan, replace } = context
  const { hub, account, call } = session
  const there = await hub.light(account, plan.target, call)
  if (there?.type === 'regular' && there.md5 === state.md5) return removeStaged(session, staged)
  const foreseen = plan.taken !== undefined && there?.md5 === plan.taken
  if (there && !replace && !foreseen) {
    throw new PipelineError(
      'name-taken',
      `"${account}/${plan.target}": another publisher was faster, with other content; run again to see what it needs`,
    )
  }
  await hub.rename(staged, plan.target, { ...call, overwrite: true, onLink: 'replace' })
}

/** Every link gives what its target is, downloaded as its readers do. */
async function checkLinks({ session, plan, targetMd5 }: StepContext, state: StepState): Promise<void> {
  const expected = state.md5 ?? targetMd5
  const names = plan.steps.flatMap(({ kind, name }) => (kind === 'link' && name ? [name] : []))
  for (const name of names) {
    const { md5 } = await downloadContent(session, name)
    if (md5 === expected) continue
    throw new PipelineError(
      'not-published',
      `"${session.account}/${name}": gives md5 ${md5}, ${plan.target} has ${expected}; another publisher moved it, run again`,
    )
  }
}
