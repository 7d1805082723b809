import { type AccessScope, type Authenticator, createAuthenticator } from './authenticator.ts'
import type { CredentialsLookup } from './credentials.ts'
import { RegistryError } from './registry-error.ts'
import { type RetryPolicy, retry } from './retry.ts'
import { statusError } from './status-error.ts'
import type { Transport, TransportAnswer } from './transport.ts'

/** A request to the API of a registry. */
export type ApiRequest = {
  readonly scope: AccessScope
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST'
  /** Below `/v2/<repository>/`: `manifests/1.2`, `blobs/sha256:…` */
  readonly path: string
  /** Instead of the path: where the registry itself sent us, on its own origin */
  readonly location?: URL
  /** What is asked for, for messages */
  readonly subject: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** The answer is to be read whole when it has no more bytes */
  readonly limit?: number
  readonly signal?: AbortSignal | undefined
}

/** A successful answer that was read whole. */
export type ReadAnswer = Pick<TransportAnswer, 'headers'> & { readonly bytes: Buffer }

/** Requests with authentication, retries and errors: everything between the API of registries and single HTTP calls. */
export type Session = {
  /** The answer, a success; the caller reads its body. */
  open(request: ApiRequest): Promise<TransportAnswer>
  /** The answer with its body; a body that is cut off is fetched again, one of more than `limit` bytes refused. */
  read(request: ApiRequest, limit: number): Promise<ReadAnswer>
}

/** A session over a transport; closing the transport is the caller's. */
export function createSession(transport: Transport, credentials: CredentialsLookup, policy: RetryPolicy): Session {
  const authenticator = createAuthenticator(transport, credentials)
  const attempt = (request: ApiRequest): Promise<TransportAnswer> => sendAuthorized(transport, authenticator, request)
  return {
    open: (request) => retry(() => attempt(request), policy, request.signal),
    read: (request, limit) =>
      retry(async () => readAnswer(await attempt({ ...request, limit }), request, limit), policy, request.signal),
  }
}

/** One attempt: with the header that worked last, and after a challenge once more with a new one. */
async function sendAuthorized(
  transport: Transport,
  authenticator: Authenticator,
  request: ApiRequest,
): Promise<TransportAnswer> {
  const { scope, method, path, subject, headers, body, limit, signal } = request
  const url = request.location ?? new URL(`/v2/${scope.repository}/${path}`, scope.home)
  const send = (authorization: string | undefined): Promise<TransportAnswer> =>
    transport.send({
      method,
      url,
      home: scope.home,
      subject,
      authorization,
      body,
      limit,
      signal,
      ...(headers && { headers }),
    })
  const known = authenticator.current(scope)
  const first = await send(known)
  if (isSuccess(first.status)) return first
  const firstError = await refused(first, authenticator, request)
  // A challenge from where the registry redirected us is not for the credentials of the registry.
  if (first.status !== 401 || first.origin !== scope.home.origin) throw firstError
  const renewal = authenticator.answer(scope, first.headers['www-authenticate'], known)
  const authorization = await abortable(renewal, signal)
  if (authorization === undefined) throw firstError
  const second = await send(authorization)
  if (isSuccess(second.status)) return second
  throw await refused(second, authenticator, request)
}

function readAnswer({ headers, bytes }: TransportAnswer, { subject }: ApiRequest, limit: number): ReadAnswer {
  if (bytes) return { headers, bytes }
  throw new RegistryError('bad-manifest', `${subject}: has more than ${limit} bytes; make it smaller`)
}

async function refused(
  answer: TransportAnswer,
  authenticator: Authenticator,
  request: ApiRequest,
): Promise<RegistryError> {
  const { scope, subject } = request
  const account = authenticator.account(scope.registry)
  return statusError(answer, {
    subject,
    registry: scope.registry,
    repository: scope.repository,
    home: scope.home,
    account: account.text,
    anonymous: account.anonymous,
    redact: authenticator.redact,
  })
}

/** Waits for work that several callers share; only this caller's wait ends when it is aborted. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
