import { setTimeout as sleep } from 'node:timers/promises'
import type { BootMode } from '../contract/boot-mode.ts'
import { VmError } from '../errors.ts'
import { type BootCheck, type CheckResult, runCheck, runOverSsh, type SshAccess } from './boot-check.ts'
import type { BootReport } from './boot-report.ts'
import { readyStages, type Stage } from './console-events.ts'
import { type ConsoleLine, createConsoleLog } from './console-log.ts'
import type { Machine } from './machine.ts'
import { noDaemon } from './machine-script.ts'

/** Milliseconds a container's entrypoint has to keep running. */
const settleMilliseconds = 1_500

/** What must come for a start to be one. */
export type Expectations = {
  readonly checks?: readonly BootCheck[]
  /** Text that the console has before it is ready. */
  readonly expect?: string
  /** Root has to be able to log in, also to a container. */
  readonly login?: boolean
  readonly signal?: AbortSignal
}

/** What a machine has said so far. */
export type Observed = ReturnType<typeof observeMachine>

/** Listens to a console from now on. */
export function observeMachine(onLine?: (line: ConsoleLine) => void) {
  const started = performance.now()
  const now = () => Math.round(performance.now() - started)
  const stages: { stage: Stage | 'ssh'; at: number }[] = []
  const state: { failure: string | undefined } = { failure: undefined }
  const log = createConsoleLog(
    now,
    (event, { at }) => {
      if (event.kind === 'failure') state.failure ??= event.reason
      else if (!stages.some(({ stage }) => stage === event.stage)) stages.push({ stage: event.stage, at })
    },
    onLine,
  )
  return {
    now,
    stages,
    write: log.write,
    lines: log.lines,
    failure: () => state.failure,
    has: (stage: Stage) => stages.some((reached) => reached.stage === stage),
    reach: (stage: 'ssh') => void stages.push({ stage, at: now() }),
  }
}

export type Verdict = Pick<BootReport, 'outcome' | 'reason' | 'checks'>

/** A machine that was started, and what is wanted of it. */
export type Judged = {
  readonly machine: Pick<Machine, 'ended'>
  readonly observed: Observed
  readonly access: SshAccess
  /** Ends the waiting, with what was reached. */
  readonly limit: AbortSignal
  readonly mode: BootMode
  readonly expectations: Expectations
}

const pollMilliseconds = 100

/**
 * Waits until a machine is ready and checked, until it has failed, or until the time is over: then the verdict says what did not come, how
 * far it got and what was seen last.
 *
 * @throws VmError 'cancelled'
 */
export async function judge(judged: Judged): Promise<Verdict> {
  const { limit, expectations } = judged
  const gone = new AbortController()
  void judged.machine.ended.then(() => gone.abort())
  const stop = AbortSignal.any([limit, gone.signal, ...(expectations.signal ? [expectations.signal] : [])])
  const problem = (await waitForConsole(judged, stop)) ?? (await waitForSsh(judged, stop))
  throwIfCancelled(expectations)
  if (problem) return { ...problem, checks: [] }
  const checks: CheckResult[] = []
  for (const check of expectations.checks ?? []) checks.push(await runCheck(check, judged.access, stop))
  throwIfCancelled(expectations)
  const failed = checks.filter(({ passed }) => !passed)
  if (failed.length === 0) return { outcome: 'ready', reason: undefined, checks }
  const reason = failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ')
  return { outcome: 'failed', reason, checks }
}

/** @throws VmError 'cancelled' */
export function throwIfCancelled({ signal }: Pick<Expectations, 'signal'>): void {
  if (signal?.aborted)
    throw new VmError('cancelled', 'boot: cancelled by the caller; run it again', { cause: signal.reason })
}

type Problem = { readonly outcome: 'failed' | 'timeout'; readonly reason: string }

/** Waits for the stages of the console, and for a container to keep running. */
async function waitForConsole(judged: Judged, stop: AbortSignal): Promise<Problem | undefined> {
  const { observed, machine, mode, expectations } = judged
  const wanted = readyStages(mode)
  let settled = 0
  for (;;) {
    const failure = observed.failure()
    // What comes after it on the console belongs to it.
    if (failure !== undefined) {
      await Promise.race([machine.ended, sleep(500)])
      return { outcome: 'failed', reason: `${failure}; last on the console: ${lastLine(observed)}` }
    }
    const missing = wanted.filter((stage) => !observed.has(stage))
    const hasText =
      expectations.expect === undefined || observed.lines().some(({ text }) => text.includes(expectations.expect ?? ''))
    if (missing.length === 0 && hasText) settled += pollMilliseconds
    if (settled > (mode === 'container' ? settleMilliseconds : 0)) return undefined
    if (stop.aborted) {
      const text = hasText ? 'time to keep running' : `text ${JSON.stringify(expectations.expect)}`
      return interrupted(judged, missing[0] ?? text)
    }
    await sleep(pollMilliseconds)
  }
}

/** What QEMU ends with before there is a machine. */
const qemuFailures: readonly (readonly [RegExp, string])[] = [
  [/PVH ELF Note/, 'the kernel has no PVH note'],
  [/Could not set up host forwarding rule/, 'another program took the port for SSH meanwhile; start it again'],
]

/** Why it was waited for no longer: the time is over, the machine is gone, or the caller wants no more. */
async function interrupted({ observed, machine, limit, expectations }: Judged, missing: string): Promise<Problem> {
  throwIfCancelled(expectations)
  if (limit.aborted) {
    const reached = observed.stages.at(-1)?.stage ?? 'nothing'
    const problem = `no ${missing} in ${Math.round(observed.now() / 1000)} s, it got as far as ${reached}`
    return { outcome: 'timeout', reason: `${problem}; last on the console: ${lastLine(observed)}` }
  }
  const { tail, daemonTail, exitCode } = await machine.ended
  if (exitCode === noDaemon)
    return { outcome: 'failed', reason: `virtiofsd did not start; last said: ${daemonTail.at(-1) ?? 'nothing'}` }
  const said = tail.at(-1) ?? lastLine(observed)
  const known = qemuFailures.find(([pattern]) => pattern.test(said))
  const reason = known?.[1] ?? `the machine ended (exit code ${exitCode}) before it was ready`
  return { outcome: 'failed', reason: `${reason}; last said: ${said}` }
}

/** Waits until root can log in; a container need not have an SSH daemon. */
async function waitForSsh(judged: Judged, stop: AbortSignal): Promise<Problem | undefined> {
  const { observed, access, mode, expectations } = judged
  const { checks = [], login = false } = expectations
  if (mode === 'container' && checks.length === 0 && !login) return undefined
  let said = ''
  while (!stop.aborted) {
    const { exitCode, tail } = await runOverSsh(access, 'true', stop)
    if (exitCode === 0) {
      observed.reach('ssh')
      return undefined
    }
    said = tail.at(-1) ?? said
    await sleep(500)
  }
  const problem = await interrupted(judged, 'ssh')
  return said === '' ? problem : { ...problem, reason: `${problem.reason}; ssh said: ${said}` }
}

function lastLine(observed: Observed): string {
  const line = observed.lines().findLast(({ text }) => text.trim() !== '')
  return line ? JSON.stringify(line.text.trim().slice(0, 300)) : 'nothing'
}
