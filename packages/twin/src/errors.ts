/** What went wrong: the options can not be used, a user name can not be a repository, a port can not be opened. */
export type TwinErrorCode = 'bad-options' | 'bad-user' | 'listen'

/** Every error that {@link startTwin} and {@link mintToken} throw by themselves. */
export class TwinError extends Error {
  override readonly name = 'TwinError'
  readonly code: TwinErrorCode

  constructor(code: TwinErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
