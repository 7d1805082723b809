import { setTimeout } from 'node:timers/promises'
import { type Container, EngineError } from '@tf-images/engine'
import type { Check, TestRun } from '@tf-images/recipe'
import { checkCommand, checkName, checkProblem } from '@tf-images/vm'

/** What starts the services of a container, and which those are. */
export type Services = Pick<TestRun, 'supervisor' | 'services'>

/** Milliseconds a check has, and between two looks at a service, which may be up for a moment only. */
const PATIENCE = 10_000
const BETWEEN_LOOKS = 1_500
const PAUSE = 500

export type CheckOutcome = { readonly name: string; readonly detail: string; readonly milliseconds: number }

/**
 * Looks at a container until a check holds or the time is over. Every check is tried once at least, whatever the time; none
 * holds in a container that ended.
 *
 * @param deadline as `performance.now()` tells the time
 * @returns what is wrong as `detail`, empty where it holds
 * @throws EngineError 'cancelled', and what else the engine refuses
 */
export async function awaitCheck(
  container: Container,
  check: Check,
  services: Services,
  deadline: number,
  signal?: AbortSignal,
): Promise<CheckOutcome> {
  const started = performance.now()
  for (;;) {
    const detail = (await endOf(container, services)) ?? (await problemOf(container, check, services, deadline, signal))
    const now = performance.now()
    // It may have ended while it was looked at, which is why that failed.
    const end = detail === '' ? undefined : await endOf(container, services)
    if (detail === '' || now >= deadline || end !== undefined) {
      return { name: checkName(check), detail: end ?? detail, milliseconds: Math.round(now - started) }
    }
    await setTimeout(PAUSE, undefined, signal ? { signal } : {})
  }
}

/** How the first process of a container ended; undefined while it runs. */
async function endOf(container: Container, { supervisor }: Services): Promise<string | undefined> {
  const { running, exitCode } = await container.state()
  if (running) return undefined
  const reason = supervisor === 'systemd' ? '; systemd may need more than this engine gives a container' : ''
  return `the container ended with exit code ${exitCode}${reason}`
}

async function problemOf(
  container: Container,
  check: Check,
  services: Services,
  deadline: number,
  signal?: AbortSignal,
): Promise<string> {
  const look = () => answerOf(container, commandOf(check, services), deadline, signal)
  const first = checkProblem(check, await look())
  if (first !== '' || check.kind !== 'service') return first
  const failure = await oneshotFailure(container, check.service, services)
  if (failure) return failure
  await setTimeout(BETWEEN_LOOKS, undefined, signal ? { signal } : {})
  return checkProblem(check, await look())
}

async function answerOf(container: Container, script: string, deadline: number, signal?: AbortSignal) {
  const timeout = AbortSignal.timeout(Math.round(Math.max(deadline - performance.now(), PATIENCE)))
  const stop = signal ? AbortSignal.any([signal, timeout]) : timeout
  try {
    return { ...(await container.run(['/bin/sh', '-c', script], { signal: stop })), inTime: true }
  } catch (error) {
    if (signal?.aborted || !(error instanceof EngineError)) throw error
    // It may have ended meanwhile, which the next look tells.
    const output = timeout.aborted ? '' : error.message
    return { exitCode: undefined, output, inTime: !timeout.aborted }
  }
}

/** The command of the shell that ends with 0 when a check holds. */
export function commandOf(check: Check, { supervisor, services }: Services): string {
  if (check.kind !== 'service') return checkCommand(check)
  const { service } = check
  const isOneshot = services.get(service) === 'oneshot'
  if (supervisor === 'zinit') {
    return `zinit status ${service} | grep -i '^ *state: ' | tee /dev/stderr | grep -qi '${isOneshot ? 'success' : 'running'}'`
  }
  // Units of packages have their own names; those of the recipes have a prefix.
  if (supervisor === 'systemd')
    return `systemctl is-active -- ${services.has(service) ? `tf-${service}.service` : service}`
  // runsvdir starts when all one-shots have run.
  if (isOneshot) return 'cat /proc/[0-9]*/comm 2> /dev/null | grep -qx runsvdir'
  return `sv status /etc/service/${service} | tee /dev/stderr | grep -q '^run: '`
}

/** The init of runit goes on when a one-shot fails, and says so. */
async function oneshotFailure(
  container: Container,
  service: string,
  { supervisor, services }: Services,
): Promise<string | undefined> {
  if (supervisor !== 'runit' || services.get(service) !== 'oneshot') return undefined
  const lines = (await container.logs()).split('\n')
  return lines.find((line) => /^init: \d+-(.*) failed with status \d+\r?$/.exec(line)?.[1] === service)
}
