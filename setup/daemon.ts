import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootPrefix, SetupError, say } from './system.ts'

/** Everything the local services keep lives in this folder of the clone; git ignores it. */
export const stateFolder = join(import.meta.dirname, '..', '.flist')

const pidFile = (name: string) => join(stateFolder, `${name}.pid`)
const logFile = (name: string) => join(stateFolder, `${name}.log`)

export type Daemon = {
  /** Names the pid and log files. */
  readonly name: string
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Resolves to true once the service answers. */
  readonly answers: () => Promise<boolean>
  readonly asRoot?: boolean
  /** Milliseconds until a service that does not answer counts as failed. */
  readonly patience?: number
}

/**
 * Starts a service that outlives this process, and waits until it answers.
 *
 * @throws SetupError with the end of its log when it ends or stays silent
 */
export async function startDaemon(daemon: Daemon): Promise<void> {
  mkdirSync(stateFolder, { recursive: true })
  const prefix = daemon.asRoot ? rootPrefix() : []
  if (!prefix) throw new SetupError(`${daemon.name} must be started as root; run: ${daemon.command.join(' ')}`)
  const [program = '', ...args] = [...prefix, ...daemon.command]
  const log = openSync(logFile(daemon.name), 'w')
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...daemon.environment },
  })
  let ended: string | undefined
  child.once('error', (error) => (ended = error.message))
  child.once('exit', (code, signal) => (ended = `ended with ${signal ?? `exit code ${code}`}`))
  if (child.pid) writeFileSync(pidFile(daemon.name), String(child.pid))
  const deadline = Date.now() + (daemon.patience ?? 30_000)
  while (!(await daemon.answers())) {
    if (ended === undefined && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      continue
    }
    const tail = readFileSync(logFile(daemon.name), 'utf8').trimEnd().split('\n').slice(-12).join('\n')
    stopDaemon(daemon.name, daemon.asRoot)
    throw new SetupError(
      `${daemon.name} did not start (${ended ?? 'no answer'}); the end of ${logFile(daemon.name)}:\n${tail}`,
    )
  }
  child.unref()
}

/** Asks a service started by `startDaemon` to end, and waits for it. Says nothing when there is none. */
export function stopDaemon(name: string, asRoot = false): void {
  if (!existsSync(pidFile(name))) return
  const pid = readFileSync(pidFile(name), 'utf8').trim()
  rmSync(pidFile(name), { force: true })
  if (!existsSync(`/proc/${pid}`)) return
  say(`stopping ${name} (process ${pid})`)
  const [program = '', ...args] = [...(asRoot ? (rootPrefix() ?? []) : []), 'kill', pid]
  spawnSync(program, args)
  for (let tries = 0; tries < 100 && existsSync(`/proc/${pid}`); tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}
