/**
 * What went wrong, for callers that branch on it:
 *
 * - `chunk-missing`: the store has no chunk with this id
 * - `chunk-corrupt`: bytes of a chunk do not match its id or key, or do not decode
 * - `invalid`: what the caller wants to be written or read cannot be expressed or makes no sense
 * - `not-supported`: the store or format cannot do this by design
 * - `store-failed`: the store refused, answered nonsense or went away
 * - `store-full`: the store has no space left
 * - `not-a-flist`: the file is something else
 * - `corrupt`: the flist is damaged or breaks its own format
 * - `too-large`: the input is over a limit of the format or of this reader
 * - `not-found`: the path is not in the flist
 * - `codec-failed`: a thread of the chunk codec ended
 * - `unsafe-path`: a name or path would leave its root
 * - `io`: the file system failed
 */
export type FlistErrorCode =
  | 'chunk-missing'
  | 'chunk-corrupt'
  | 'invalid'
  | 'not-supported'
  | 'store-failed'
  | 'store-full'
  | 'not-a-flist'
  | 'corrupt'
  | 'too-large'
  | 'not-found'
  | 'codec-failed'
  | 'unsafe-path'
  | 'io'

/** Every error this package throws on purpose. The message names the object, what is wrong and what to do. */
export class FlistError extends Error {
  override readonly name = 'FlistError'
  readonly code: FlistErrorCode

  constructor(code: FlistErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
