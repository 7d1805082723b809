import { connectEngine, parseDockerHost } from '@tf-images/engine'
import { imageRuns, loadRecipes, type Recipes, readLock, snippetRuns, type TestRun } from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import { PipelineError } from '../errors.ts'
import type { Progress } from '../progress.ts'
import type { CredentialLookup } from '../settings.ts'
import { runScenario, type TestedScenario, type TestSubject } from './run-scenario.ts'
import { openTestImages } from './test-images.ts'

export type TestOptions = {
  /** Folder that has `recipes/`. */
  readonly root: string
  /** What to test; all that has tests when empty. */
  readonly subjects: readonly TestSubject[]
  /** Where images are pushed; bases that no public registry has are there. */
  readonly registry: string
  /** `linux/amd64`. */
  readonly platform: string
  readonly credentials: CredentialLookup
  readonly progress: Progress
  /** Called as soon as a scenario is through. */
  readonly onResult?: (result: TestedScenario) => void
  /** `unix:///var/run/docker.sock`, `tcp://host:port`. */
  readonly dockerHost?: string
  readonly signal?: AbortSignal
}

/**
 * Tests snippets and images in containers: each scenario has an image of its own, which is built, started, looked at and
 * removed. One that fails stops no other.
 *
 * @throws RecipeError; PipelineError 'bad-settings' naming what has no tests; EngineError where the engine fails, 'cancelled'
 */
export async function testRecipes(options: TestOptions): Promise<readonly TestedScenario[]> {
  const { root, signal, progress, onResult } = options
  const recipes = await loadRecipes(root)
  const runs = runsOf(recipes, options.subjects)
  const lock = await readLock(root)
  const engine = await connectEngine(options.dockerHost ? parseDockerHost(options.dockerHost) : {})
  const client = new RegistryClient({ credentials: options.credentials })
  const results: TestedScenario[] = []
  try {
    await using images = openTestImages({ ...options, recipes, engine, client, ...(lock ? { lock } : {}) })
    for (const { subject, run } of runs) {
      signal?.throwIfAborted()
      const result = await runScenario(subject, run, {
        engine,
        recipes,
        images,
        progress,
        ...(signal ? { signal } : {}),
      })
      results.push(result)
      onResult?.(result)
    }
  } finally {
    await client.close()
  }
  return results
}

type SubjectRun = { readonly subject: TestSubject; readonly run: TestRun }

function runsOf(recipes: Recipes, subjects: readonly TestSubject[]): SubjectRun[] {
  const asked = subjects.length > 0 ? subjects : everything(recipes)
  const runs = asked.map((subject) => {
    const found = subject.kind === 'snippet' ? snippetRuns(recipes, subject.name) : imageRuns(recipes, subject.name)
    return { subject, runs: found }
  })
  const untested = subjects.length === 0 ? [] : runs.filter(({ runs }) => runs.length === 0)
  if (untested.length > 0) {
    const names = untested.map(({ subject: { kind, name } }) => `${kind} "${name}"`).join(', ')
    throw new PipelineError('bad-settings', `${names}: there are no tests; write them under "tests" in the definition`)
  }
  return runs.flatMap(({ subject, runs }) => runs.map((run) => ({ subject, run })))
}

function everything({ snippets, images }: Recipes): TestSubject[] {
  return [
    ...[...snippets.keys()].map((name) => ({ kind: 'snippet', name }) as const),
    ...[...images.keys()].map((name) => ({ kind: 'image', name }) as const),
  ]
}
