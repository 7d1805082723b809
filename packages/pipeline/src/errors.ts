export type PipelineErrorCode =
  | 'bad-settings'
  | 'bad-source'
  | 'digest-mismatch'
  | 'limit'
  | 'flist-damaged'
  | 'not-published'
  | 'cancelled'

/** A step of the pipeline that can not go on for a reason of its own; errors of the packages below pass through as they are. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code: PipelineErrorCode

  constructor(code: PipelineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
