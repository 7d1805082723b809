import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Plan, type PlanLeg, parseCount } from '@tf-images/pipeline'
import { planImages } from '@tf-images/pipeline/planning'
import { type ActionContext, PLATFORM } from '../action-context.ts'
import { openArtifacts } from '../artifacts.ts'
import { InputReader, readAccount, readRegistry } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { writePlanSummary } from '../plan-summary.ts'
import { openWorkFolder } from '../work-folder.ts'

/** Legs of one matrix on GitHub. */
const MOST_LEGS = 256
/** Waves of builds that our workflows have jobs for. */
const MOST_WAVES = 2

/** Plans, and gives the work as lists for matrices. */
export async function runPlan({ signal }: ActionContext): Promise<void> {
  const { hub, ...options } = readInputs()
  const work = openWorkFolder()
  const plan = await planImages({
    ...options,
    platform: PLATFORM,
    signal,
    ...(hub ? { hub } : {}),
  })
  const path = await keepPlan(join(work.path, 'plan'), plan)
  setOutputs('plan', { ...outputsOf(plan), plan: path })
  for (const { name, action, reasons } of plan.images)
    logLine(`${name}: ${action}: ${reasons.map((reason) => reason.text).join(', ')}`)
  for (const { id, images } of plan.legs) logLine(`leg ${id}: ${images.join(' ')}`)
  for (const note of plan.notes) logLine(note)
  await writePlanSummary(plan)
}

async function keepPlan(folder: string, plan: Plan): Promise<string> {
  const path = join(folder, 'plan.json')
  await mkdir(folder, { recursive: true })
  await writeFile(path, `${JSON.stringify(plan, null, 2)}\n`)
  await openArtifacts().upload('plan', folder)
  return path
}

function outputsOf({ legs, images, hub }: Plan) {
  const first = legs.filter(({ wave }) => wave === 0)
  const second = legs.filter(({ wave }) => wave > 0)
  const wanted = images.filter(({ action }) => action !== 'nothing' && action !== 'blocked')
  return {
    legs: matrixOf(legs),
    'legs-0': matrixOf(first),
    'legs-1': matrixOf(second),
    count: legs.length,
    'count-0': first.length,
    'count-1': second.length,
    images: wanted.map(({ name }) => name).join(' '),
    'hub-user': hub?.account ?? '',
  }
}

function matrixOf(legs: readonly PlanLeg[]): string {
  return JSON.stringify(legs.map(({ id, images }) => ({ id, images: images.join(' ') })))
}

function readInputs() {
  const reader = new InputReader('plan')
  const hub = readAccount(reader, reader.secret('hub-token'))
  const legs = reader.parsed('legs', parseCount) ?? MOST_LEGS
  const waves = reader.parsed('waves', parseCount) ?? MOST_WAVES
  if (legs > MOST_LEGS) reader.refuse(`"legs": ${legs} are more than the ${MOST_LEGS} a matrix of GitHub can have`)
  if (waves > MOST_WAVES) reader.refuse(`"waves": ${waves}, and there are outputs for ${MOST_WAVES} only`)
  const inputs = {
    ...readRegistry(reader),
    // Whose flists are looked at is not known without either.
    ...(hub.token || hub.user ? { hub } : {}),
    images: reader.names('images'),
    root: resolve(reader.text('root') || '.'),
    force: reader.flag('force'),
    limits: { legs, waves },
  }
  reader.check()
  return inputs
}
