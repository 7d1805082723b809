import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repository, runCommand } from './command.ts'

export type ActionRun = {
  readonly code: number | null
  /** What the log of the step shows, workflow commands included. */
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  /** Runs the step after the job. */
  readonly afterJob: () => Promise<{ readonly code: number | null; readonly log: string }>
}

/** What a runner downloads of the actions: nothing else is there when they run. */
export async function copyActions(target: string): Promise<void> {
  for (const path of ['action.yml', 'actions', 'packages/action/dist'])
    await cp(join(repository, path), join(target, path), { recursive: true })
}

/**
 * Runs an action as the runner does: its entry, in a process of its own in the workspace, with an INPUT_* variable for each
 * input (defaults from action.yml) and the GITHUB_* files; then its step after the job, with the states it saved.
 *
 * @param folder that has the action's action.yml
 */
export async function runAction(
  folder: string,
  inputs: Readonly<Record<string, string>>,
  workspace: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ActionRun> {
  const action = parse(await readFile(join(folder, 'action.yml'), 'utf8'))
  const defaults = Object.entries<{ default?: string }>(action.inputs).map(([name, input]) => [
    name,
    input.default ?? '',
  ])
  const given = Object.entries({ ...Object.fromEntries(defaults), ...inputs })
  const variables = given.map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value])
  const files = await mkdtemp(join(workspace, 'runner-'))
  const [output, summary, state] = [join(files, 'output'), join(files, 'summary'), join(files, 'state')]
  await Promise.all([output, summary, state].map((file) => writeFile(file, '')))
  const entry = join(folder, action.runs.main)
  const { code, stdout, stderr } = await runCommand(process.execPath, [entry], { cwd: workspace, env: environment() })
  const states = Object.entries(parseOutputs(await readFile(state, 'utf8')))
  const stateVariables = Object.fromEntries(states.map(([name, value]) => [`STATE_${name}`, value]))
  const outputs = parseOutputs(await readFile(output, 'utf8'))
  const afterJob = async () => {
    const options = { cwd: workspace, env: { ...environment(), ...stateVariables } }
    const { code: postCode, stdout: out, stderr: err } = await runCommand(process.execPath, [entry], options)
    return { code: postCode, log: out + err }
  }
  return { code, log: stdout + stderr, outputs, summary: await readFile(summary, 'utf8'), afterJob }

  function environment(): Record<string, string> {
    return {
      ...Object.fromEntries(variables),
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_STATE: state,
      GITHUB_REPOSITORY: 'Example/Images',
      GITHUB_ACTOR: 'octocat',
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: files,
      ...env,
    }
  }
}

/** The `name<<delimiter` form in which the toolkit writes outputs. */
function parseOutputs(text: string): Record<string, string> {
  const outputs = [...text.matchAll(/^(.+?)<<(ghadelimiter_.+)\n([\s\S]*?)\n\2$/gm)]
  return Object.fromEntries(outputs.map(([, name = '', , value = '']) => [name, value]))
}
