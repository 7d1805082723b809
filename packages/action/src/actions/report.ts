import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { warning } from '@actions/core'
import type { LegFailure, LegResult, Plan } from '@tf-images/pipeline'
import { latestReports } from '@tf-images/pipeline/stages/leg-result'
import type { ActionContext } from '../action-context.ts'
import { openArtifacts } from '../artifacts.ts'
import { changeComment } from '../comment.ts'
import { FailedImages } from '../failed-leg.ts'
import { InputReader } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { pullRequestMarkdown } from '../pull-request-text.ts'
import { readRenderedDifference } from '../rendered-difference.ts'
import { writeSummary } from '../summary.ts'
import { allResults, openWorkFolder } from '../work-folder.ts'

/** Puts together what all jobs of a run did. */
export async function runReport(_context: ActionContext): Promise<void> {
  const { comment, token, failOnError, root } = readInputs()
  const work = openWorkFolder()
  const artifacts = openArtifacts()
  const results = await allResults(work, artifacts)
  const images = latestReports(results)
  const failures = [...results.flatMap((result) => result.failures), ...(await lostLegs())]
  const published = images.filter(({ status }) => status === 'published').length
  setOutputs('report', { failed: failures.length, published })
  const title = failures.length > 0 ? `${failures.length} failed, ${published} published` : `${published} published`
  logLine(title)
  await writeSummary({ title, images, failures })
  if (comment && token) {
    const difference = await readRenderedDifference(root)
    const url = await changeComment(token, pullRequestMarkdown({ images, failures, difference }))
    if (url) setOutputs('report', { 'comment-url': url })
  }
  if (failOnError && failures.length > 0) throw new FailedImages(failures)

  /** Legs of the plan that left no result: their job was cut off, or failed before its work. */
  async function lostLegs(): Promise<readonly LegFailure[]> {
    const folder = join(work.path, 'collected', 'plan')
    if (!(await artifacts.download('plan', folder))) return []
    const plan: Plan = JSON.parse(await readFile(join(folder, 'plan.json'), 'utf8'))
    const left = new Set(results.map((result: LegResult) => result.leg))
    const lost = plan.legs.filter(({ id }) => !left.has(id))
    if (lost.length > 0) warning(`${lost.length} legs left no result`)
    return lost.map(({ id, images: names }) => ({
      image: names.join(' '),
      error: `leg ${id} left no result; see its job, and run it again`,
    }))
  }
}

function readInputs() {
  const reader = new InputReader('report')
  const inputs = {
    comment: reader.flag('comment'),
    token: reader.secret('github-token'),
    failOnError: reader.flag('fail-on-error'),
    root: reader.text('root') || '.',
  }
  if (inputs.comment && !inputs.token) reader.refuse('"comment" without "github-token"; give the one of the job')
  reader.check()
  return inputs
}
