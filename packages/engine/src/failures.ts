import type { EngineAddress } from './address.ts'
import { formatAddress } from './address.ts'
import { EngineError, type EngineErrorCode } from './errors.ts'

/** What an operation was doing, so that a failure can name it. */
export type Attempt = {
  /** Code of a failure that has no more precise one. */
  readonly code: EngineErrorCode
  /** The object of the operation: a reference, an image id, an address. */
  readonly object: string
  readonly address: EngineAddress
  readonly signal?: AbortSignal | undefined
  /** What to do about a failure that has no more precise remedy. */
  readonly remedy: string
}

/** Turns whatever an operation threw into an EngineError; EngineErrors pass through. */
export function engineFailure(error: unknown, attempt: Attempt): EngineError {
  if (attempt.signal?.aborted) {
    return new EngineError('cancelled', `${attempt.object}: cancelled by the caller; run it again`, {
      cause: attempt.signal.reason,
    })
  }
  if (error instanceof EngineError) return error
  const unreachable = connectionFailure(error, attempt.address)
  if (unreachable) return unreachable
  const status = statusOf(error)
  const code = status === 404 ? 'not-found' : attempt.code
  const details = status === undefined ? { cause: error } : { cause: error, status }
  return new EngineError(code, `${attempt.object}: ${engineMessage(error)}; ${attempt.remedy}`, details)
}

/** Explains why no connection came about; undefined when there was one. */
export function connectionFailure(error: unknown, address: EngineAddress): EngineError | undefined {
  const { code: errno, syscall } = systemErrorOf(error)
  // Other calls fail with the same codes, over a file of the context for one.
  if (syscall !== 'connect' && syscall !== 'getaddrinfo') return undefined
  const [code, problem] = explanations(address)[errno] ?? []
  if (code === undefined) return undefined
  return new EngineError(code, `Docker Engine at ${formatAddress(address)}: ${problem}`, { cause: error })
}

type Explanation = readonly [code: 'unreachable' | 'permission', text: string]

function explanations(address: EngineAddress): Readonly<Record<string, Explanation>> {
  if ('socketPath' in address) {
    const denied: Explanation = [
      'permission',
      'this user may not open the socket; add the user to the group that owns it (usually "docker") and log in again',
    ]
    return {
      ENOENT: [
        'unreachable',
        'there is no such socket; install and start Docker, or set DOCKER_HOST to where it listens',
      ],
      ECONNREFUSED: [
        'unreachable',
        'the socket is there but nothing listens on it; start the engine (systemctl start docker)',
      ],
      ENOTDIR: ['unreachable', 'the path is not a socket; set DOCKER_HOST to where the engine listens'],
      EACCES: denied,
      EPERM: denied,
    }
  }
  return {
    ECONNREFUSED: ['unreachable', 'the connection was refused; start the engine there, or correct DOCKER_HOST'],
    ENOTFOUND: ['unreachable', 'the host name is unknown; correct DOCKER_HOST'],
    EAI_AGAIN: ['unreachable', 'the host name could not be looked up; check the network, or correct DOCKER_HOST'],
    ETIMEDOUT: ['unreachable', 'the host does not answer; check the network and its firewall'],
    EHOSTUNREACH: ['unreachable', 'there is no route to the host; check the network'],
    ENETUNREACH: ['unreachable', 'there is no route to the host; check the network'],
  }
}

/** The engine's own words, without the frame dockerode puts around them. */
export function engineMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = systemErrorOf(error)
  if (code === 'EPIPE' || code === 'ECONNRESET') return 'the engine closed the connection before it had answered'
  return error.message.replace(/^\(HTTP code \d+\) .*? - /s, '').trim()
}

export function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : undefined
}

function systemErrorOf(error: unknown): { readonly code: string; readonly syscall: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return systemErrorOf(error.errors[0])
  const field = (name: 'code' | 'syscall') => {
    const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined
    return typeof value === 'string' ? value : ''
  }
  return { code: field('code'), syscall: field('syscall') }
}

/** What to do about a registry's refusal, which the engine passes on as text only. */
export function registryRemedy(message: string): string {
  if (/unauthorized|authentication required|no basic auth/i.test(message))
    return 'give a user and a token for this registry'
  if (/denied|forbidden/i.test(message))
    return 'check that the token may write and that the package admits this repository'
  if (/connection refused|no such host|timeout|server gave HTTP response/i.test(message))
    return 'check that the registry can be reached'
  return 'see the answer of the registry'
}
