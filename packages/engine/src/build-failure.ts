import type { BuildState } from './build-progress.ts'
import type { EngineMessage } from './engine-messages.ts'
import { EngineError } from './errors.ts'
import { registryRemedy } from './failures.ts'
import type { Redact } from './redaction.ts'

/** The image of a build that came to its end; a stream that just stops is a failure. */
export function builtImage(place: string, { imageId, succeeded }: BuildState): string {
  if (imageId !== undefined && succeeded) return imageId
  throw new EngineError(
    'build-failed',
    `${place}: the engine stopped answering before the build ended; see the engine's log, build again`,
  )
}

/** Names the step, its line and what it printed last. */
export function stepFailure(
  place: string,
  error: NonNullable<EngineMessage['error']>,
  state: BuildState,
  redact: Redact,
): EngineError {
  const { step, tail } = state
  const message = redact(error.message)
  if (step === undefined) return new EngineError('build-failed', `${place}: ${message}; correct the Dockerfile`)
  const { number, total, instruction, line } = step
  const last = tail.at(-1)
  const problem = error.exitCode === undefined ? `failed: ${message}` : `ended with exit code ${error.exitCode}`
  const said = last === undefined || error.exitCode === undefined ? '' : ` after printing ${JSON.stringify(last)}`
  const remedy = /^from /i.test(instruction) ? registryRemedy(message) : 'correct the step and build again'
  const where = line === undefined ? place : `${place}:${line}`
  return new EngineError(
    'build-failed',
    `${where}: step ${number}/${total} "${instruction}" ${problem}${said}; ${remedy}`,
    {
      step: { number, total, instruction },
      line,
      exitCode: error.exitCode,
      output: tail,
    },
  )
}

/** The engine names the line itself when it can not parse the Dockerfile, and does so before the first message. */
export function parseFailure(error: unknown, place: string): EngineError | undefined {
  const [, line, problem] =
    (error instanceof Error && /dockerfile parse error (?:on )?line (\d+): (.*?)\s*$/s.exec(error.message)) || []
  if (line === undefined || error instanceof EngineError) return undefined
  return new EngineError('build-failed', `${place}:${line}: ${problem}; correct the Dockerfile`, {
    line: Number(line),
    cause: error,
  })
}
