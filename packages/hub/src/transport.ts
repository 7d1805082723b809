import type { Readable } from 'node:stream'
import { inspect } from 'node:util'
import type { Agent, Dispatcher } from 'undici'
import type { HubAnswer } from './answers.ts'
import { HubError, type HubErrorCode } from './errors.ts'
import { explainFailure } from './failures.ts'
import { type Attempt, type RetryPolicy, readRetryAfter, retry } from './retry.ts'

/** A body to send, with the headers that belong to it. */
export type CallBody = { readonly headers: Readonly<Record<string, string>>; readonly stream: Readable }

/** One call to a hub. Every call of this package may be repeated: the second time it does what the first did. */
export type HubCall = {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  /** Path below the hub's URL, encoded, starting with a slash. */
  readonly path: string
  /** What the call is for, in errors: `link "a.flist"`. */
  readonly purpose: string
  /** Whether it acts for the owner of the token. The token goes with no other call. */
  readonly owned?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** Makes the body, once per attempt. */
  readonly body?: () => CallBody
  /** Bytes of the answer that are kept; a longer one is given without its text. Default 1 MiB. */
  readonly limit?: number
  readonly signal?: AbortSignal | undefined
  /** Overrides the policy's deadline, in milliseconds. */
  readonly deadline?: number
}

/** How a transport reaches its hub. */
export type TransportOptions = {
  readonly url: string
  /** Needed for calls that are `owned`. */
  readonly token: string | undefined
  /** Sent as the cookie `active-user`. */
  readonly user: string | undefined
  readonly policy: RetryPolicy
}

const ANSWER_LIMIT = 1024 * 1024
/** A proxy's way to say that the hub is away for now. The hub itself never answers these; its 500 is final. */
const PASSING = new Set([429, 502, 503, 504])
/** Errors of a connection that a later attempt may not meet. */
const PASSING_ERRORS =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|HPE_.*|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|RES_CONTENT_LENGTH_MISMATCH))$/

/**
 * Sends calls to one hub, with retries under a deadline. It never follows a redirect: the token would go along.
 */
export class HubTransport {
  readonly #url: string
  readonly #token: string | undefined
  readonly #user: string | undefined
  readonly #policy: RetryPolicy
  /** Made with the first call: the library takes its time to load. */
  #agent: Promise<Agent> | undefined

  constructor(options: TransportOptions) {
    this.#url = options.url
    this.#token = options.token
    this.#user = options.user
    this.#policy = options.policy
  }

  /** An error of a call. Its text starts with the hub and the call's purpose, and the token is taken out of all of it. */
  error(code: HubErrorCode, call: HubCall, text: string, options: { status?: number; cause?: unknown } = {}): HubError {
    const { cause, ...rest } = options
    const message = this.#withoutToken(`${this.#url}, ${call.purpose}: ${text}`)
    // A parser's error may carry the bytes of an answer that shows the request.
    const inspected = inspect(cause, { depth: 8 })
    const shown = cause !== undefined && this.#withoutToken(inspected) === inspected
    return new HubError(code, message, shown ? { ...rest, cause } : rest)
  }

  #withoutToken(text: string): string {
    return this.#token === undefined ? text : text.replaceAll(this.#token, '***')
  }

  /** The error for an answer that is not what the call needs. */
  failure(call: HubCall, answer: HubAnswer): HubError {
    const { code, text } = explainFailure(answer)
    return this.error(code, call, text, { status: answer.status })
  }

  /** The error for a connection that broke; the reason of the caller's signal when that aborted. */
  connectionError(call: HubCall, cause: unknown): unknown {
    if (call.signal?.aborted) return call.signal.reason
    if (cause instanceof HubError || !(cause instanceof Error)) return cause
    const code = errorCode(cause)
    if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
      return this.error('local-file', call, 'the file changed while it was sent; run again', { cause })
    }
    const text = `no answer (${cause.message || code}); check the URL and that the hub is up, then run again`
    return this.error('network', call, text, { cause })
  }

  /**
   * Makes a call and reads the answer, whatever its status, except those that stand for a hub that is away.
   *
   * @throws HubError `network`, `server`; the reason of the caller's signal when that aborts
   */
  call(call: HubCall): Promise<HubAnswer> {
    return this.#attempts(call, (response, attempts) => readAnswer(response, attempts, call.limit ?? ANSWER_LIMIT))
  }

  /** Makes a call and gives the body of a 200 as it comes in; another status is read as by {@link call}. */
  stream(call: HubCall): Promise<{ readonly body: AsyncIterable<Uint8Array> } | HubAnswer> {
    return this.#attempts(call, async (response, attempts) =>
      response.statusCode === 200 ? { body: response.body } : readAnswer(response, attempts, ANSWER_LIMIT),
    )
  }

  async close(): Promise<void> {
    await (await this.#agent)?.destroy()
  }

  #connections(): Promise<Agent> {
    this.#agent ??= import('undici').then(({ Agent }) => new Agent())
    return this.#agent
  }

  async #attempts<T>(
    call: HubCall,
    read: (response: Dispatcher.ResponseData, count: number) => Promise<T>,
  ): Promise<T> {
    const policy = { ...this.#policy, deadline: call.deadline ?? this.#policy.deadline }
    const timeout = AbortSignal.timeout(policy.deadline)
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout
    return retry(policy, call.signal, async (count): Promise<Attempt<T>> => {
      try {
        const response = await (await this.#connections()).request(this.#request(call, signal))
        if (!PASSING.has(response.statusCode)) return { done: await read(response, count) }
        return await this.#passing(call, response)
      } catch (error) {
        if (timeout.aborted && !call.signal?.aborted) {
          const text = `not done within ${policy.deadline / 1000} s; check that the hub is up, then run again`
          throw this.error('network', call, text, { cause: error })
        }
        const failed = this.connectionError(call, error)
        if (failed instanceof HubError && PASSING_ERRORS.test(errorCode(error))) return { failed }
        throw failed
      }
    })
  }

  async #passing<T>(call: HubCall, response: Dispatcher.ResponseData): Promise<Attempt<T>> {
    const failed = this.failure(call, await readAnswer(response, 1, ANSWER_LIMIT))
    const header = response.headers['retry-after']
    return { failed, retryAfter: readRetryAfter(Array.isArray(header) ? header[0] : header, Date.now()) }
  }

  #request(call: HubCall, signal: AbortSignal): Dispatcher.RequestOptions {
    const { origin, pathname } = new URL(this.#url)
    const body = call.body?.()
    const headers: Record<string, string> = { 'user-agent': 'tf-images', ...call.headers, ...body?.headers }
    if (call.owned) {
      if (this.#token === undefined)
        throw this.error('bad-options', call, 'needs a token; give the one of your account')
      headers.authorization = `bearer ${this.#token}`
      if (this.#user !== undefined) headers.cookie = `active-user=${this.#user}`
    }
    const path = `${pathname === '/' ? '' : pathname}${call.path}`
    return { origin, path, method: call.method ?? 'GET', headers, body: body?.stream ?? null, signal }
  }
}

async function readAnswer(response: Dispatcher.ResponseData, attempts: number, limit: number): Promise<HubAnswer> {
  const text = await readText(response.body, limit)
  const { location } = response.headers
  return { status: response.statusCode, text, location: Array.isArray(location) ? location[0] : location, attempts }
}

async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > limit) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
