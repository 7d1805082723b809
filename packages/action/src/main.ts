import type { ActionContext } from './action-context.ts'
import { annotateFailures, findingsOf } from './annotations.ts'
import { cleanUp, isPost, markMain } from './cleanup.ts'
import type { ActionName } from './definitions/actions.ts'
import { FailedImages } from './failed-leg.ts'
import { groupedProgress } from './log.ts'

/** The actions; each is loaded when it is the one that runs. */
const actions: Readonly<Record<ActionName, () => Promise<(context: ActionContext) => Promise<void>>>> = {
  image: async () => (await import('./actions/image.ts')).runImage,
  plan: async () => (await import('./actions/plan.ts')).runPlan,
  build: async () => (await import('./actions/build.ts')).runBuild,
  convert: async () => (await import('./actions/convert.ts')).runConvert,
  publish: async () => (await import('./actions/publish.ts')).runPublish,
  vm: async () => (await import('./actions/vm.ts')).runVm,
  report: async () => (await import('./actions/report.ts')).runReport,
}

/** Runs an action, or what is to be done after the job; the entry of every action, in both cases. Never throws. */
export async function start(action: ActionName): Promise<void> {
  if (isPost()) return cleanUp()
  markMain()
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
  const { progress, end } = groupedProgress()
  try {
    const run = await actions[action]()
    await run({ progress, signal: interrupt.signal })
    end()
  } catch (error) {
    end()
    const root = process.env.INPUT_ROOT || '.'
    if (!(error instanceof FailedImages)) return annotateFailures(findingsOf(error), root)
    const findings = error.failures.map(({ image, error: text, place }) => ({
      text: text.includes(image) ? text : `${image}: ${text}`,
      ...(place ? { place } : {}),
    }))
    annotateFailures(findings, root)
  }
}
