import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatSeconds, PipelineError, type TestedScenario, type TestSubject } from '@tf-images/pipeline'
import { testRecipes } from '@tf-images/pipeline/testing'
import { loadRecipes, readCodeFrame } from '@tf-images/recipe'
import { formatJunit, type JunitSuite } from '@tf-images/vm'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = {
  readonly all?: boolean
  readonly root: string
  readonly registry?: string
  readonly platform: string
  readonly junit?: string
  readonly json?: boolean
}

export function defineTest(command: Command, context: CommandContext): void {
  command
    .argument('[kind]', '"snippet" or "image"')
    .argument('[names...]', 'which of them')
    .option('--all', 'all snippets and images that have tests')
    .option('--root <dir>', 'folder that has recipes/', '.')
    .addOption(
      new Option('--registry <prefix>', 'has the bases that no public registry has; by default of recipes.yaml').env(
        'FLIST_REGISTRY',
      ),
    )
    .option('--platform <os/arch>', 'platform to build for', hostPlatform())
    .option('--junit <file>', 'write a JUnit report')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      `
Examples:
  flist test snippet nginx sshd      builds the images of their "tests", runs them and looks
  flist test image debian-12 --junit report.xml
  flist test --all

Containers get no port of this machine, and nothing is left of them or of the images. Exits with 3 when a check fails, or when
what a scenario takes (a base, a download) can not be had here.`,
    )
    .action((kind: string | undefined, names: string[], options: Options) => test(kind, names, options, context))
}

async function test(
  kind: string | undefined,
  names: readonly string[],
  options: Options,
  context: CommandContext,
): Promise<void> {
  const root = resolve(options.root)
  const { DOCKER_HOST } = process.env
  const results = await testRecipes({
    root,
    subjects: subjectsOf(kind, names, options.all === true),
    registry: options.registry ?? (await loadRecipes(root)).registry,
    platform: options.platform,
    credentials: dockerCredentials,
    progress: context.progress,
    signal: context.signal,
    ...(DOCKER_HOST ? { dockerHost: DOCKER_HOST } : {}),
  })
  if (options.junit) await writeFile(options.junit, formatJunit(results.map(suiteOf)))
  const texts = await Promise.all(results.map((result) => textOf(result, root)))
  const unmet = results.filter((result) => result.unmet !== undefined)
  const failed = results.filter(({ passed }) => !passed).length - unmet.length
  printResult(context, options.json, { passed: failed + unmet.length === 0, scenarios: results }, texts.join('\n'))
  if (failed + unmet.length > 0) throw new Difference(faultText(results.length, failed, unmet))
}

/** How many scenarios failed, and which of them nothing is known of. */
function faultText(all: number, failed: number, unmet: readonly TestedScenario[]): string {
  const needs = Map.groupBy(unmet, ({ unmet = '' }) => unmet)
  const reasons = [...needs].map(([need, scenarios]) => {
    const names = new Set(scenarios.map(({ subject }) => `${subject.kind} ${subject.name}`))
    return `  ${[...names].join(', ')}: ${need}`
  })
  const lines = [
    ...(failed > 0 ? [`${failed} of ${all} scenarios failed`] : []),
    ...(unmet.length > 0 ? [`${unmet.length} of ${all} scenarios could not be run here:`, ...reasons] : []),
  ]
  return lines.join('\n')
}

/** @throws PipelineError 'bad-settings' */
function subjectsOf(kind: string | undefined, names: readonly string[], all: boolean): TestSubject[] {
  if (all && kind === undefined) return []
  if (all) throw new PipelineError('bad-settings', '--all stands alone; leave the names out')
  if (kind !== 'snippet' && kind !== 'image') {
    const found = kind === undefined ? 'nothing' : JSON.stringify(kind)
    throw new PipelineError('bad-settings', `${found} is no kind of test; say "snippet" or "image", or give --all`)
  }
  if (names.length > 0) return names.map((name) => ({ kind, name }))
  throw new PipelineError('bad-settings', `no ${kind} is named; name some, or give --all`)
}

async function textOf(
  { subject, name, place, passed, reason, unmet, checks, log, milliseconds }: TestedScenario,
  root: string,
) {
  const title = `${subject.kind} ${subject.name}: ${name} (${formatSeconds(milliseconds)})`
  if (reason !== undefined) {
    const state = unmet === undefined ? 'failed ' : `not run  ${unmet}\n          `
    return `${title}\n  ${state} ${place.file}:${place.line}\n${indented(reason)}`
  }
  const lines = await Promise.all(
    checks.map(async (check) => {
      if (check.passed) return `  passed  ${check.name}`
      const { file, line, column } = check.place
      const frame = indented(await readCodeFrame(root, check.place))
      return `  failed  ${check.name}: ${printable(check.detail)}\n    ${file}:${line}:${column}\n${frame}`
    }),
  )
  const said =
    passed || !log ? [] : ['  the container said last:', indented(log.trimEnd().split('\n').slice(-15).join('\n'))]
  return [title, ...lines, ...said].join('\n')
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${printable(line)}`.trimEnd())
    .join('\n')
}

/** What a container writes is not trusted: control characters do not reach the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}

function suiteOf({ subject, name, reason, unmet, checks, log = '', milliseconds }: TestedScenario): JunitSuite {
  const cases = checks.map(({ detail, place, passed, ...check }) => ({
    ...check,
    failure: passed ? '' : `${place.file}:${place.line}: ${detail}`,
  }))
  const builds = {
    name: 'builds and starts',
    milliseconds,
    failure: unmet === undefined ? (reason ?? '') : `not run: ${unmet}\n${reason}`,
  }
  return { name: `${subject.kind} ${subject.name}: ${name}`, milliseconds, cases: [builds, ...cases], output: log }
}
