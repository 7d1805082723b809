import type { Agent, Dispatcher } from 'undici'

import type { HubAnswer } from './answers.ts'
import { HubError, type HubErrorCode } from './errors.ts'
import { explainFailure } from './failures.ts'
import type { HubCall, HubStream } from './hub-call.ts'
import { type Redaction, redactionOf } from './redaction.ts'
import { headersOf, readText } from './response.ts'
import { type Attempt, type RetryPolicy, readRetryAfter, retry } from './retry.ts'

/** How a transport reaches its hub. */
export type TransportOptions = {
  readonly url: string
  /** Needed for calls that are `owned`. */
  readonly token: string | undefined
  /** Sent as the cookie `active-user`. */
  readonly user: string | undefined
  readonly policy: RetryPolicy
  /** Called with every request. */
  readonly onRequest?: (() => void) | undefined
}

/** Looks whether a call has worked whose answer got lost. The signal ends with the call's deadline. */
export type Look = (signal: AbortSignal) => Promise<boolean>

const ANSWER_LIMIT = 1024 * 1024
/** A proxy's way to say that the hub is away for now. The hub itself never answers these; its 500 is final. */
const PASSING = new Set([429, 502, 503, 504])
/** Errors of a connection that a later attempt may not meet. */
const PASSING_ERRORS =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|HPE_.*|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|RES_CONTENT_LENGTH_MISMATCH))$/

/** Whether an error means that the answer is missing, so that what the call did is not known. */
export function isLost(error: unknown): error is HubError {
  return error instanceof HubError && (error.code === 'network' || PASSING.has(error.status ?? 0))
}

/** Whether a failure means that the hub did not get the call: a proxy kept it, or nobody was there. */
function isUnbegun({ status, cause }: HubError): boolean {
  return status === 429 || status === 503 || errorCode(cause) === 'ECONNREFUSED'
}

/**
 * Sends calls to one hub, with retries under a deadline. It never follows a redirect: the token would go along.
 */
export class HubTransport {
  readonly policy: RetryPolicy
  readonly #url: string
  readonly #token: string | undefined
  readonly #user: string | undefined
  readonly #redaction: Redaction
  readonly #onRequest: (() => void) | undefined
  /** Made with the first call: the library takes its time to load. */
  #agent: Promise<Agent> | undefined

  constructor(options: TransportOptions) {
    this.#url = options.url
    this.#token = options.token
    this.#user = options.user
    this.policy = options.policy
    this.#redaction = redactionOf(options.token)
    this.#onRequest = options.onRequest
  }

  /** An error of a call. Its text starts with the hub and the call's purpose, and the token is taken out of all of it. */
  error(code: HubErrorCode, call: HubCall, text: string, options: { status?: number; cause?: unknown } = {}): HubError {
    const { cause, ...rest } = options
    const message = this.#redaction.text(`${this.#url}, ${call.purpose}: ${text}`)
    const shown = cause !== undefined && this.#redaction.allows(cause)
    return new HubError(code, message, shown ? { ...rest, cause } : rest)
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
   * Makes a call and reads the answer, whatever its status, except those that stand for a hub that is away. Only for calls
   * that change nothing.
   *
   * @throws HubError `network`, `server`; the reason of the caller's signal when that aborts
   */
  call(call: HubCall): Promise<HubAnswer> {
    return this.#within(call, (signal) =>
      retry(this.#policyOf(call), call.signal, () =>
        this.#attempt(call, signal, (response) => this.#read(call, response)),
      ),
    )
  }

  /**
   * Makes a call that changes something. When an answer got lost it looks whether the call has worked, before it is made
   * again and before it is given up.
   *
   * @returns the answer; undefined when it got lost and the call has worked
   * @throws as {@link call}
   */
  change(call: HubCall, hasWorked: Look): Promise<HubAnswer | undefined> {
    return this.#within(call, async (signal) => {
      /** What is told in the end: a look that failed too says less. */
      let lost: HubError | undefined
      try {
        return await retry<HubAnswer | undefined>(this.#policyOf(call), call.signal, async () => {
          const seen = lost && (await lookAgain(hasWorked, signal, lost))
          if (seen) return seen
          const result = await this.#once(call, signal)
          if ('failed' in result) lost = result.failed
          return result
        })
      } catch (error) {
        if (!isLost(error) || signal.aborted || !(await hasWorked(signal).catch(() => false))) throw error
        return undefined
      }
    })
  }

  /**
   * Makes a call that must not be made twice: again only when it is sure that the hub has not begun with it.
   *
   * @returns the answer, or the error when it got lost
   * @throws as {@link call}
   */
  begin(call: HubCall): Promise<HubAnswer | HubError> {
    return this.#within(call, (signal) =>
      retry<HubAnswer | HubError>(this.#policyOf(call), call.signal, async () => {
        const result = await this.#once(call, signal)
        return 'done' in result || isUnbegun(result.failed) ? result : { done: result.failed }
      }),
    )
  }

  /** Makes a call and gives the body of a 200 or 206 as it comes in; another status is read as by {@link call}. */
  stream(call: HubCall): Promise<HubStream | HubAnswer> {
    return this.#within(call, (signal) =>
      retry(this.#policyOf(call), call.signal, () =>
        this.#attempt<HubStream | HubAnswer>(call, signal, async (response) => {
          const { statusCode: status, body } = response
          if (status !== 200 && status !== 206) return this.#read(call, response)
          const discard = () => void body.on('error', () => {}).destroy()
          return { status, headers: headersOf(response), body, discard }
        }),
      ),
    )
  }

  async close(): Promise<void> {
    await (await this.#agent)?.destroy()
  }

  #connections(): Promise<Agent> {
    this.#agent ??= import('./http-agent.ts').then(({ Agent }) => new Agent())
    return this.#agent
  }

  #policyOf(call: HubCall): RetryPolicy {
    return { ...this.policy, deadline: call.deadline ?? this.policy.deadline }
  }

  /** Runs something under the call's deadline, whose end is told as such. */
  async #within<T>(call: HubCall, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { deadline } = this.#policyOf(call)
    const timeout = AbortSignal.timeout(deadline)
    try {
      return await work(call.signal ? AbortSignal.any([call.signal, timeout]) : timeout)
    } catch (error) {
      if (!timeout.aborted || call.signal?.aborted) throw error
      const text = `not done within ${deadline / 1000} s; check that the hub is up, then run again`
      throw this.error('network', call, text, { cause: error })
    }
  }

  #once(call: HubCall, signal: AbortSignal): Promise<Attempt<HubAnswer>> {
    return this.#attempt(call, signal, (response) => this.#read(call, response))
  }

  async #attempt<T>(
    call: HubCall,
    signal: AbortSignal,
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<Attempt<T>> {
    try {
      this.#onRequest?.()
      const response = await (await this.#connections()).request(this.#request(call, signal))
      if (!PASSING.has(response.statusCode)) return { done: await read(response) }
      const failed = this.failure(call, await this.#read(call, response))
      const { date = '', 'retry-after': wish } = headersOf(response)
      // A date is one of the server's clock, which need not be that of this machine.
      return { failed, retryAfter: readRetryAfter(wish, Date.parse(date) || Date.now()) }
    } catch (error) {
      const failed = this.connectionError(call, error)
      if (failed instanceof HubError && PASSING_ERRORS.test(errorCode(error))) return { failed }
      throw failed
    }
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
    // A hub works before it answers, minutes for a large archive: the deadline is the limit.
    const request = { origin, path, method: call.method ?? 'GET', headers, headersTimeout: 0, signal }
    return { ...request, body: body?.stream ?? null }
  }

  async #read(call: HubCall, response: Dispatcher.ResponseData): Promise<HubAnswer> {
    const text = await readText(response.body, call.limit ?? ANSWER_LIMIT)
    const { location } = headersOf(response)
    return { status: response.statusCode, text: text && this.#redaction.text(text), location }
  }
}

/** Undefined when the call has not worked. A look without an answer leaves the call's failure standing, for now. */
async function lookAgain(
  hasWorked: Look,
  signal: AbortSignal,
  lost: HubError,
): Promise<Attempt<undefined> | undefined> {
  try {
    return (await hasWorked(signal)) ? { done: undefined } : undefined
  } catch (error) {
    if (isLost(error) && !signal.aborted) return { failed: lost }
    throw error
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
