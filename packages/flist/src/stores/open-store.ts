import { FlistError } from '../errors.ts'
import type { ChunkStore } from './chunk-store.ts'
import { openDirectoryStore } from './directory-store.ts'
import type { Patience } from './zdb-lanes.ts'

/** Ports the reference servers listen on. */
const ZDB_PORT = 9900
const GATEWAY_PORT = 9980

export type OpenChunkStoreOptions = {
  /** For `hub://`: a token of the hub. */
  readonly token?: string
  /** For `zdb://`: the password of the namespace; without it the store can only be read. */
  readonly password?: string
  /** Ends the store: what is under way and all that follows fails with its reason. */
  readonly signal?: AbortSignal
  /** For directories: false refuses one that is not there; unless told it is made. */
  readonly create?: boolean
  /** For servers: how long one may leave requests without any answer; 60,000 unless told. */
  readonly timeoutMs?: number
  /** For servers: connections at most, 3 unless told; further ones are opened when there is enough to send. */
  readonly connections?: number
  /** For servers: when to give up on one that breaks connections or does not come back. */
  readonly patience?: Patience
}

/**
 * Opens the chunk store at `location`:
 *
 * - a path, or `dir://` and a path: a directory, made when it is not there
 * - `zdb://host:port/namespace`: 0-db itself (port 9900, namespace `default` unless told)
 * - `hub://host:port`: the gateway of a hub (port 9980 unless told); chunks can be stored, not read
 *
 * @throws FlistError `invalid` when the location is none of these, `store-failed` when it cannot be opened
 */
export async function openChunkStore(location: string, options: OpenChunkStoreOptions = {}): Promise<ChunkStore> {
  const { signal, token, password, create, timeoutMs, connections, patience } = options
  const withSignal = signal ? { signal } : {}
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined || scheme === 'dir') {
    const root = scheme === undefined ? location : location.slice('dir://'.length)
    return openDirectoryStore(root, { ...(create === undefined ? {} : { create }), ...withSignal })
  }

  if (scheme !== 'zdb' && scheme !== 'hub') {
    throw new FlistError('invalid', `chunk store "${location}": unknown kind "${scheme}"; use a path, zdb:// or hub://`)
  }
  const { host, port, path } = parseAddress(location)
  const manner = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(connections === undefined ? {} : { connections }),
    ...(patience === undefined ? {} : { patience }),
  }
  // The client of the protocol is half of what there is to load, and most stores are directories.
  const { openHubStore, openZdbStore } = await import('./zdb-store.ts')
  if (scheme === 'zdb') {
    const address = { host, port: port ?? ZDB_PORT, namespace: path || 'default', ...manner }
    return openZdbStore(address, { ...(password ? { password } : {}), ...withSignal })
  }
  if (!token) throw new FlistError('invalid', `${location}: the gateway of a hub needs a token; give one`)
  return openHubStore({ host, port: port ?? GATEWAY_PORT, ...manner }, { token, ...withSignal })
}

/** The parts of `scheme://host:port/path`. A location is shown in logs, so it must not carry a secret. */
function parseAddress(location: string): { host: string; port: number | undefined; path: string } {
  const url = URL.canParse(location) ? new URL(location) : undefined
  if (url?.username || url?.password) {
    throw new FlistError('invalid', `chunk store at "${url.host}": it carries a secret; give that as an option`)
  }
  if (!url?.hostname || url.search || url.hash || url.port === '0') {
    throw new FlistError(
      'invalid',
      `chunk store "${location}": not an address; use zdb://host:port/namespace or hub://host:port`,
    )
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    path: url.pathname.slice(1),
  }
}
