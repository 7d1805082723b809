/**
 * What went wrong, for callers that branch:
 *
 * - `unauthorized`: 401, or no token could be had with these credentials
 * - `denied`: 403, the account is known and may not do this
 * - `not-found`: no such repository, manifest, blob or layout entry
 * - `rate-limited`: 429 after all attempts; see `retryAfter`
 * - `server`: 5xx after all attempts, or an answer outside the protocol
 * - `network`: no connection, or one that broke, after all attempts
 * - `digest-mismatch`, `size-mismatch`: the bytes are not the ones the descriptor promises
 * - `bad-manifest`: a manifest, index or image config that does not follow its specification, or is too large
 * - `unsupported`: valid, but not something this package reads (schema 1, artifacts, credential helpers)
 * - `redirect-refused`: the registry sent us where credentials or the local network would be at risk
 * - `bad-reference`: text that is not an image reference, tag, digest or platform
 * - `platform-not-found`: the image exists, not for this platform
 * - `bad-layout`: a directory or tar file that is not an OCI image layout
 * - `bad-config`: a Docker `config.json` that cannot be read
 */
export type RegistryErrorCode =
  | 'unauthorized'
  | 'denied'
  | 'not-found'
  | 'rate-limited'
  | 'server'
  | 'network'
  | 'digest-mismatch'
  | 'size-mismatch'
  | 'bad-manifest'
  | 'unsupported'
  | 'redirect-refused'
  | 'bad-reference'
  | 'platform-not-found'
  | 'bad-layout'
  | 'bad-config'

/** Data of a {@link RegistryError} beside its text. */
export type RegistryErrorFields = {
  /** HTTP status of the answer that caused it */
  readonly status?: number | undefined
  /** Host of the registry as written in references, e.g. `ghcr.io` */
  readonly registry?: string | undefined
  /** The reference asked for, in full */
  readonly reference?: string | undefined
  /** Milliseconds the server asked to wait */
  readonly retryAfter?: number | undefined
  /** Bytes received before the connection broke */
  readonly offset?: number | undefined
  readonly expected?: string | number | undefined
  readonly actual?: string | number | undefined
  /** Every problem of a document that failed validation */
  readonly problems?: readonly string[] | undefined
  readonly cause?: unknown
}

/** The one error this package throws. Its text names the object, what is wrong and what to do, and never a secret. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode
  readonly status: number | undefined
  readonly registry: string | undefined
  readonly reference: string | undefined
  readonly retryAfter: number | undefined
  readonly offset: number | undefined
  readonly expected: string | number | undefined
  readonly actual: string | number | undefined
  readonly problems: readonly string[] | undefined

  constructor(code: RegistryErrorCode, message: string, fields: RegistryErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = 'RegistryError'
    this.code = code
    this.status = fields.status
    this.registry = fields.registry
    this.reference = fields.reference
    this.retryAfter = fields.retryAfter
    this.offset = fields.offset
    this.expected = fields.expected
    this.actual = fields.actual
    this.problems = fields.problems
  }
}

/**
 * Adds to an error of this package where it happened, unless it says so itself. Called where errors leave the package, so
 * that parsers and transports need not know the reference they work for.
 *
 * @returns the same error, for `throw`
 */
export function locate(error: unknown, place: { readonly registry: string; readonly reference: string }): unknown {
  if (!(error instanceof RegistryError)) return error
  return Object.assign(error, {
    registry: error.registry ?? place.registry,
    reference: error.reference ?? place.reference,
  })
}
