/** What went wrong, where callers branch on it. */
export type EngineErrorCode =
  | 'invalid-address'
  | 'invalid-reference'
  | 'invalid-context'
  | 'unreachable'
  | 'permission'
  | 'refused'
  | 'not-found'
  | 'build-failed'
  | 'push-failed'
  | 'pull-failed'
  | 'import-failed'
  | 'export-failed'
  | 'cancelled'

/** The Dockerfile instruction a build ended at. */
export type FailedStep = {
  readonly number: number
  readonly total: number
  readonly instruction: string
}

export type EngineErrorDetails = {
  readonly cause?: unknown
  /** HTTP status of the engine's answer, where the engine refused before doing anything. */
  readonly status?: number
  readonly step?: FailedStep | undefined
  /** 1-based line of the Dockerfile. */
  readonly line?: number | undefined
  readonly exitCode?: number | undefined
  /** The last lines the failed step printed, oldest first. */
  readonly output?: readonly string[]
}

/**
 * The one error of this package: `<object>: <what is wrong>; <what to do>`.
 *
 * A failed build carries `step`, `line`, `exitCode` and `output` where the engine told them.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  readonly status: number | undefined
  readonly step: FailedStep | undefined
  readonly line: number | undefined
  readonly exitCode: number | undefined
  readonly output: readonly string[]

  constructor(code: EngineErrorCode, message: string, details: EngineErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status
    this.step = details.step
    this.line = details.line
    this.exitCode = details.exitCode
    this.output = details.output ?? []
  }
}
