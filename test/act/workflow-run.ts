import { mkdtemp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { startArtifactService } from './artifact-service.ts'
import { findGoProgram } from './go-program.ts'

/** One line of `act --json`. */
type LogLine = {
  readonly job?: string
  readonly jobID?: string
  readonly msg?: string
  readonly jobResult?: string
  readonly raw_output?: boolean
}

export type WorkflowRun = {
  readonly code: number | null
  /** What the steps printed, with the name of the job in front of each line. */
  readonly log: string
  /** `plan` → `success`; a job with legs has what its worst leg has, and one that did not run is not here. */
  readonly jobs: Readonly<Record<string, string>>
  /** Names of the artifacts that were kept. */
  readonly artifacts: readonly string[]
}

export type WorkflowOptions = {
  /** Git repository that the event is of; its working tree is what is checked out. */
  readonly repository: string
  /** Path of the workflow file in it. */
  readonly workflow: string
  readonly event: 'push' | 'pull_request' | 'workflow_dispatch' | 'schedule'
  readonly payload?: object
  readonly vars?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
  /** Folder of programs that come before those of the machine. */
  readonly programs?: string
  /** `owner/name@ref` → folder, for what a workflow uses from another repository. */
  readonly repositories?: Readonly<Record<string, string>>
  /** Folder of the actions, for a step that checks them out. */
  readonly actions: string
  /** Folder for what the run leaves. */
  readonly folder: string
  /** Ends the run as a person who cancels it does, at the first line that matches. */
  readonly cancelAt?: RegExp
  /** Is given what ends the run in the same way, for who knows otherwise when to. */
  readonly cancelBy?: (cancel: () => void) => void
}

/** Runs a workflow file as it is, on this machine, with act; the event is what GitHub sends for it. */
export async function runWorkflow(options: WorkflowOptions): Promise<WorkflowRun> {
  const act = await findGoProgram('act')
  await using service = await startArtifactService()
  const folder = await mkdtemp(join(options.folder, 'run-'))
  const [event, secrets] = [join(folder, 'event.json'), join(folder, 'secrets')]
  await writeFile(event, JSON.stringify(options.payload ?? {}))
  await writeFile(secrets, lines(options.secrets ?? {}), { mode: 0o600 })
  const repositories = { [CHECKOUT]: checkout, ...options.repositories }
  const args = [
    options.event,
    ...['--workflows', join(options.repository, options.workflow), '--directory', options.repository],
    ...['--platform', 'ubuntu-latest=-self-hosted', '--json', '--no-cache-server'],
    ...['--eventpath', event, '--secret-file', secrets, '--action-cache-path', join(folder, 'cache')],
    ...Object.entries(options.vars ?? {}).flatMap(([name, value]) => ['--var', `${name}=${value}`]),
    ...Object.entries({ ...service.env, ACTIONS_FOLDER: options.actions }).flatMap(([name, value]) => [
      '--env',
      `${name}=${value}`,
    ]),
    ...Object.entries(repositories).flatMap(([name, path]) => ['--local-repository', `${name}=${path}`]),
  ]
  const { cancelAt, cancelBy } = options
  // Node 24 runs the actions, as on a runner of GitHub.
  const PATH = [...(options.programs ? [options.programs] : []), dirname(process.execPath), process.env.PATH].join(':')
  const { code, stdout, stderr } = await runCommand(act, args, {
    cwd: options.repository,
    env: { PATH, XDG_CACHE_HOME: join(folder, 'xdg'), NO_COLOR: '1' },
    onStart: (kill, _stderr, output) => {
      cancelBy?.(() => kill('SIGINT'))
      if (cancelAt) output.on('data', (bytes: Buffer) => cancelAt.test(bytes.toString()) && kill('SIGINT'))
    },
  })
  return { code, ...readLog(stdout, stderr), artifacts: service.names() }
}

/** The checkout that workflows pin; act does it itself for the repository of the event, and of another with what is in this folder. */
const CHECKOUT = 'actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8'
const checkout = join(import.meta.dirname, 'checkout')

function readLog(stdout: string, stderr: string): Pick<WorkflowRun, 'log' | 'jobs'> {
  const jobs: Record<string, string> = {}
  const log: string[] = []
  for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
    const { job = '', jobID = '', msg = '', jobResult }: LogLine = JSON.parse(line)
    if (jobResult && jobs[jobID] !== 'failure') jobs[jobID] = jobResult
    log.push(`[${job}] ${msg.trimEnd()}`)
  }
  return { jobs, log: `${log.join('\n')}\n${stderr}` }
}

function lines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
