import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repository, runCommand } from './command.ts'

export type ActionRun = {
  readonly code: number | null
  /** What the log of the step shows, workflow commands included. */
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
}

/**
 * Runs an action as the runner does: its bundle, in a process of its own in the workspace, with an INPUT_* variable for each
 * input (defaults from action.yml) and the GITHUB_* files.
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
  const [output, summary] = [join(files, 'output'), join(files, 'summary')]
  await Promise.all([writeFile(output, ''), writeFile(summary, '')])
  const { code, stdout, stderr } = await runCommand(process.execPath, [join(folder, action.runs.main)], {
    cwd: workspace,
    env: {
      ...Object.fromEntries(variables),
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_REPOSITORY: 'Example/Images',
      GITHUB_ACTOR: 'octocat',
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: files,
      ...env,
    },
  })
  return {
    code,
    log: stdout + stderr,
    outputs: parseOutputs(await readFile(output, 'utf8')),
    summary: await readFile(summary, 'utf8'),
  }
}

export const actionFolder = join(repository, 'packages', 'action')

/** The `name<<delimiter` form in which the toolkit writes outputs. */
function parseOutputs(text: string): Record<string, string> {
  const outputs = [...text.matchAll(/^(.+?)<<(ghadelimiter_.+)\n([\s\S]*?)\n\2$/gm)]
  return Object.fromEntries(outputs.map(([, name = '', , value = '']) => [name, value]))
}
