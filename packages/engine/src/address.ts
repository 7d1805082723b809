import { EngineError } from './errors.ts'

/** Where an engine listens: a Unix socket or plain HTTP over TCP. */
export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** Where an engine listens when nothing else is said. */
export const defaultAddress: EngineAddress = { socketPath: '/var/run/docker.sock' }

const plainPort = 2375

/**
 * Reads the value of `DOCKER_HOST` (which the caller takes from wherever it keeps its settings).
 *
 * `unix:///path`, `tcp://host[:port]` and a bare absolute path are understood; undefined and '' are the default socket.
 * TLS and ssh are not: for those, forward the remote socket to a local one.
 *
 * @throws EngineError 'invalid-address'
 */
export function parseDockerHost(value: string | undefined): EngineAddress {
  if (!value) return defaultAddress
  if (value.startsWith('/')) return { socketPath: value }
  if (value.startsWith('unix://')) {
    const socketPath = value.slice('unix://'.length)
    if (socketPath === '') return defaultAddress
    if (!socketPath.startsWith('/'))
      throw invalid(value, 'the socket path is not absolute; write unix:///path/to/docker.sock')
    return { socketPath }
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase()
  if (scheme === undefined) throw invalid(value, 'it has no scheme; write unix:///path or tcp://host:port')
  if (scheme !== 'tcp' && scheme !== 'http') {
    throw invalid(value, `the scheme "${scheme}" is not supported; forward the engine's socket and write unix:///path`)
  }
  return parseTcp(value, scheme)
}

function parseTcp(value: string, scheme: string): EngineAddress {
  const url = URL.parse(`http${value.slice(scheme.length)}`)
  if (url === null || url.hostname === '' || url.username !== '' || !['', '/'].includes(url.pathname)) {
    throw invalid(value, 'it is not a host and a port; write tcp://host:port')
  }
  const bare = value.replace(/\/+$/, '')
  const port = url.port === '' ? (bare.endsWith(':80') ? 80 : plainPort) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

function invalid(value: string, problem: string): EngineError {
  const shown = value.replace(/\/\/[^/@]*@/, '//***@')
  return new EngineError('invalid-address', `engine address "${shown}": ${problem}`)
}

/** An address for people: what one would write in `DOCKER_HOST`. */
export function formatAddress(address: EngineAddress): string {
  if ('socketPath' in address) return `unix://${address.socketPath}`
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
