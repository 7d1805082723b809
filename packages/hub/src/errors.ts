/**
 * Why a call to a hub did not do what it was asked for.
 *
 * - `bad-options`: the URL, the token or an option can not be used
 * - `local-file`: the file to upload can not be read, or changed meanwhile
 * - `unauthorized`: the hub does not take the token
 * - `wrong-account`: the token writes to another repository than the one that was asked for
 * - `not-found`: no such repository, flist or tag
 * - `name-refused`: the hub would store it under another name, lose it, or destroy what is there
 * - `chunks-missing`: the flist names chunks that the hub's backend does not have
 * - `unreadable`: there is a flist, and the hub can not read it
 * - `rejected`: the hub says no, with a reason
 * - `server`: the hub failed, or it is no hub
 * - `network`: no answer, or half of one
 * - `mismatch`: the hub reported success, and what it has is something else
 * - `is-a-link`, `is-a-file`: the name is taken, by a link or a flist
 */
export type HubErrorCode =
  | 'bad-options'
  | 'local-file'
  | 'unauthorized'
  | 'wrong-account'
  | 'not-found'
  | 'name-refused'
  | 'chunks-missing'
  | 'unreadable'
  | 'rejected'
  | 'server'
  | 'network'
  | 'mismatch'
  | 'is-a-link'
  | 'is-a-file'

/** Every error of this package. The text names the call and the remedy, and never holds the token. */
export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: HubErrorCode
  /** The HTTP status, where there was an answer. Of a hub it says little: most client errors are a 500. */
  readonly status: number | undefined

  constructor(code: HubErrorCode, message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options)
    this.code = code
    this.status = options.status
  }
}
