import { type Container, type Engine, EngineError, inspectImage, startContainer } from '@tf-images/engine'
import type { Check, Location, Recipes, TestRun } from '@tf-images/recipe'
import { checkName } from '@tf-images/vm'
import { errorText } from '../error-text.ts'
import { PipelineError } from '../errors.ts'
import { PhaseRunner, type Progress } from '../progress.ts'
import { awaitCheck } from './container-check.ts'
import type { TestImages } from './test-images.ts'
import { unmetNeed } from './unmet-need.ts'

/** What is tested. */
export type TestSubject = { readonly kind: 'snippet' | 'image'; readonly name: string }

/** A check of a container, how it went, and where a recipe asks for it. */
export type TestedCheck = {
  readonly name: string
  readonly passed: boolean
  /** What was seen, where it did not pass. */
  readonly detail: string
  readonly place: Location
  readonly milliseconds: number
}

export type TestedScenario = {
  readonly subject: TestSubject
  readonly name: string
  readonly place: Location
  readonly passed: boolean
  /** Why nothing was checked, where it did not get so far: the image does not build, or does not start. */
  readonly reason?: string
  /** What it takes and can not be had here, in words: then nothing is known of it. It did not pass. */
  readonly unmet?: string
  readonly checks: readonly TestedCheck[]
  /** The end of what the container said, where a check did not pass. */
  readonly log?: string
  readonly milliseconds: number
}

export type ScenarioServices = {
  readonly engine: Engine
  readonly recipes: Recipes
  readonly images: TestImages
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/** Keeps a container that starts nothing of its own there until it is removed. */
const WAITING = ['/bin/sh', '-c', 'exec sleep 2147483647']

/** A shell, which ends where nobody types. */
const SHELL = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|a|z)?sh$/

/**
 * Builds the image of a scenario, starts a container of it and looks until all that is expected holds or the time is over.
 * Where all holds, the container loses its power: services and ports have to be up again, over what the first boot left.
 * The container is removed at the end, however that comes about.
 *
 * @throws EngineError of what is no fault of the image; 'cancelled'
 */
export async function runScenario(
  subject: TestSubject,
  run: TestRun,
  { engine, recipes, images, progress, signal }: ScenarioServices,
): Promise<TestedScenario> {
  const started = performance.now()
  const { scenario } = run
  const result = (rest: Pick<TestedScenario, 'passed' | 'checks' | 'reason' | 'unmet' | 'log'>): TestedScenario => ({
    subject,
    name: scenario.name,
    place: scenario.location,
    ...rest,
    milliseconds: Math.round(performance.now() - started),
  })
  let image: string
  try {
    image = await images.build(run.image)
  } catch (error) {
    if (!isOfRecipe(error)) throw error
    const unmet = await unmetNeed(run.image, recipes, error, signal)
    return result({ passed: false, checks: [], reason: errorText(error), ...(unmet === undefined ? {} : { unmet }) })
  }
  const phases = new PhaseRunner(run.image.name, progress)
  return phases.run(
    'test',
    scenario.name,
    async ({ update }) => {
      const waits = run.supervisor === undefined && isIdle((await inspectImage(engine, image))?.command ?? [])
      const container = await startContainer(engine, image, {
        environment: scenario.environment,
        labels: { 'io.tf-images.test': subject.name },
        ...(waits ? { entrypoint: WAITING } : {}),
        ...(run.supervisor === 'systemd' ? { forSystemd: true } : {}),
        ...(signal ? { signal } : {}),
      })
      try {
        const checks = await lookAt(container, scenario.expect, run, update, signal)
        const again = scenario.expect.filter(({ kind }) => kind === 'service' || kind === 'port')
        if (run.supervisor !== undefined && again.length > 0 && checks.every((check) => check.passed)) {
          await container.restart()
          const named = again.map((check) => ({ ...check, name: `second boot: ${checkName(check)}` }))
          checks.push(...(await lookAt(container, named, run, update, signal)))
        }
        const passed = checks.every((check) => check.passed)
        return result({ passed, checks, ...(passed ? {} : { log: (await container.logs()).slice(-4000) }) })
      } finally {
        await container.remove()
      }
    },
    ({ passed, checks }) => `${scenario.name}: ${passed ? `${checks.length} checks hold` : 'failed'}`,
  )
}

/** The checks of one boot, which have the time of the scenario together. */
async function lookAt(
  container: Container,
  expected: readonly Check[],
  run: TestRun,
  update: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<TestedCheck[]> {
  const deadline = performance.now() + run.scenario.timeout * 1000
  const checks: TestedCheck[] = []
  for (const check of expected) {
    const outcome = await awaitCheck(container, check, run, deadline, signal)
    checks.push({ ...outcome, passed: outcome.detail === '', place: check.location })
    update(`${outcome.name}: ${outcome.detail === '' ? 'holds' : outcome.detail}`)
  }
  return checks
}

/** Whether an image could not be built for a reason of its own: another one may be. */
function isOfRecipe(error: unknown): boolean {
  if (error instanceof EngineError) return error.code === 'build-failed'
  return error instanceof PipelineError && ['build-failed', 'not-locked', 'bad-settings'].includes(error.code)
}

/** Whether a container of this command would end at once. */
function isIdle(command: readonly string[]): boolean {
  const [program = '', ...rest] = command
  return program === '' || (rest.length === 0 && SHELL.test(program))
}
