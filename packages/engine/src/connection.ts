import { Agent } from 'node:http'
import Docker from 'dockerode'
import { defaultAddress, type EngineAddress, formatAddress } from './address.ts'
import { EngineError } from './errors.ts'
import { connectionFailure, engineMessage } from './failures.ts'

/** An engine that answered. It holds no connection open, so there is nothing to close. */
export type Engine = {
  /** Version of the engine, like `20.10.24`. */
  readonly version: string
  /** Newest API version the engine speaks, like `1.41`. */
  readonly apiVersion: string
  readonly address: EngineAddress
  /** The client underneath, for the functions of this package. */
  readonly docker: Docker
}

export type ConnectOptions = {
  readonly socketPath?: string
  readonly host?: string
  readonly port?: number
  /** How long the engine may take to answer, in milliseconds. Default: 10 000. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/**
 * Finds out whether a Docker Engine answers, and which one.
 *
 * Nothing is taken from the environment: pass `parseDockerHost(value of DOCKER_HOST)`. Without an address it is the default socket.
 *
 * @throws EngineError 'unreachable' or 'permission' with what to do about it, 'cancelled'
 */
export async function connectEngine(options: ConnectOptions = {}): Promise<Engine> {
  const address = addressOf(options)
  const docker = createClient(address)
  const timeout = AbortSignal.timeout(options.timeout ?? 10_000)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  try {
    return { ...(await readVersion(docker, signal)), address, docker }
  } catch (error) {
    const place = `Docker Engine at ${formatAddress(address)}`
    if (options.signal?.aborted)
      throw new EngineError('cancelled', `${place}: cancelled; run it again`, { cause: error })
    if (timeout.aborted)
      throw new EngineError('unreachable', `${place}: no answer; restart the engine`, { cause: error })
    throw (
      connectionFailure(error, address) ??
      new EngineError('unreachable', `${place}: ${engineMessage(error)}; check that it is a Docker Engine`, {
        cause: error,
      })
    )
  }
}

function addressOf({ socketPath, host, port }: ConnectOptions): EngineAddress {
  if (socketPath !== undefined) return { socketPath }
  if (host !== undefined) return { host, port: port ?? 2375 }
  return defaultAddress
}

/**
 * docker-modem mixes the environment into whatever it is given (a `DOCKER_HOST` there beats a `socketPath` here), so that every option
 * it would look up has to be named. Connections are not kept: an idle one the engine has closed would fail the next POST.
 */
function createClient(address: EngineAddress): Docker {
  const unset = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    username: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  }
  const fixed = {
    protocol: 'http' as const,
    pathPrefix: '/',
    timeout: undefined,
    agent: new Agent({ keepAlive: false }),
  }
  try {
    return new Docker({ ...unset, ...fixed, ...address })
  } catch (error) {
    throw new EngineError('invalid-address', `DOCKER_HOST: ${engineMessage(error)}; correct or unset it`, {
      cause: error,
    })
  }
}

async function readVersion(docker: Docker, signal: AbortSignal): Promise<{ version: string; apiVersion: string }> {
  // The published types lack the options that the method takes.
  const ask = docker.version.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>
  const answer = await ask({ abortSignal: signal })
  if (typeof answer === 'object' && answer !== null && 'Version' in answer && 'ApiVersion' in answer) {
    const { Version: version, ApiVersion: apiVersion } = answer
    if (typeof version === 'string' && typeof apiVersion === 'string') return { version, apiVersion }
  }
  throw new Error('the answer is not the one of a Docker Engine')
}
