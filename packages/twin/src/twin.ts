import { randomUUID } from 'node:crypto'
import type { Server } from 'node:net'
import { Activity, type OnFault } from './activity.ts'
import type { AuthorizationRules } from './authorization.ts'
import { openBackendSession } from './backend.ts'
import { openChunkFolder } from './chunk-folder.ts'
import type { FaultLookup, Faults, TwinServer } from './faults.ts'
import type { FlistMaker } from './flist-maker.ts'
import { openGatewaySession } from './gateway.ts'
import { createHubServer } from './hub-server.ts'
import type { InspectFlist } from './inspection.ts'
import { type Address, createStopper, listen } from './listener.ts'
import { createRedisServer, type RedisService } from './redis-server.ts'
import { createRelay } from './relay.ts'
import { createRouter } from './routes.ts'
import { createSessions } from './sessions.ts'
import { openStorage } from './storage.ts'
import { createTokenReader, mintToken } from './tokens.ts'

/** How a twin is set up. */
export type TwinOptions = {
  /** The folder that holds everything: made when it is not there, taken as it is when it is. One twin per folder. */
  readonly root: string
  /** The address to listen on; default 127.0.0.1. */
  readonly host?: string
  /** Ports of the HTTP API, the token gateway and the chunk backend; 0, the default, takes any free one. */
  readonly httpPort?: number
  readonly gatewayPort?: number
  readonly backendPort?: number
  /** 32 secret bytes: the key that signs tokens. Who knows it is every user. */
  readonly seed: Uint8Array
  /** Opens flists, for the chunk check and the contents. */
  readonly inspectFlist: InspectFlist
  /** Makes flists, for archives, images and merges, which are an HTML 500 without it. */
  readonly flistMaker?: FlistMaker
  /** blake2b of 16 bytes over stored bytes: the gateway takes a chunk only under this id. */
  readonly chunkId: (data: Uint8Array) => Uint8Array
  /** Lets `SELECT default PASSWORD` write to the backend. Without it nobody can; chunks come through the gateway. */
  readonly backendPassword?: string
  /** Repositories that another user's token may write to with the cookie `active-user`: repository → token user. */
  readonly activeUsers?: Readonly<Record<string, string>>
  /** The name under which others reach the twin, for what it tells about itself; default `host`. */
  readonly publicHost?: string
  /** Turns the hub's quirks into proper errors and its replacements into single steps; see the README. */
  readonly strict?: boolean
  /** Seconds after which a token is no longer taken; for ever, as on the hub, unless given. */
  readonly tokenLifetime?: number
  /** Lets everybody who has it write as `guest`. The hub finds such a token only when it has a dot. */
  readonly guestToken?: string
  /** The repositories that listings call official. */
  readonly official?: readonly string[]
  /** Refuse every call that needs a token. */
  readonly readonly?: boolean
  /** Told what ended in an HTML 500 or broke off, and why; the client only learns that it did. */
  readonly onFault?: OnFault
  /** The switches of a test: everything that can go wrong, and the record of what was asked. */
  readonly faults?: Faults
}

/** A running twin. */
export type Twin = {
  /** The hub's URL, without a slash at the end. */
  readonly url: string
  readonly gateway: Address
  readonly backend: Address
  mintToken(user: string): string
  /** Cuts every connection and stops. What was answered with success stays; of what was under way, all or nothing. */
  close(): Promise<void>
}

/**
 * Starts a local stand-in for a 0-hub: its HTTP API, the token gateway for chunks and the chunk backend, with all of their
 * data in one folder. It may be closed, or killed, at any time and started again on the same folder; what a kill can leave
 * half-written is what it can on the hub, and nothing in a strict twin.
 *
 * @throws TwinError `bad-options` (seed), `listen` (a port is taken or not allowed)
 */
export async function startTwin(options: TwinOptions): Promise<Twin> {
  const { host = '127.0.0.1', seed, chunkId, inspectFlist } = options
  const readToken = createTokenReader(seed, options.tokenLifetime)
  const onFault = options.onFault ?? (() => {})
  const storage = await openStorage(options.root)
  const chunks = openChunkFolder(storage)
  const closing = new AbortController()
  const activity = new Activity()

  const lookup =
    (server: TwinServer): FaultLookup =>
    (call, text) =>
      options.faults?.enter(server, call, text) ?? []

  const strict = options.strict ?? false
  const rules: AuthorizationRules = {
    readToken,
    activeUsers: options.activeUsers ?? {},
    readonly: options.readonly ?? false,
    guestToken: options.guestToken,
    sessions: createSessions(seed),
    strict,
  }
  const place = { url: '', backend: { host: options.publicHost ?? host, port: 0, namespace: 'default' } }
  const router = createRouter({
    storage,
    chunks,
    inspectFlist,
    flistMaker: options.flistMaker,
    rules,
    strict,
    official: options.official ?? [],
    place,
    onFault,
    closing: closing.signal,
    faults: lookup('hub'),
  })
  const password = options.backendPassword ?? randomUUID()
  const gateway: RedisService = {
    open: () => openGatewaySession({ chunks, readToken: options.readonly ? () => undefined : readToken, chunkId }),
    malformed: (reason) => `-ERR Protocol error: ${reason}`,
    failed: 'Cannot perform query right now',
    onFault,
    faults: lookup('gateway'),
  }
  const backend: RedisService = {
    open: () => openBackendSession({ chunks, password }),
    malformed: (reason) => `-${reason}`,
    failed: 'Cannot write data right now',
    onFault,
    faults: lookup('backend'),
  }
  const servers = [
    createHubServer(router, onFault, activity),
    createRedisServer(gateway, activity),
    createRedisServer(backend, activity),
  ] as const
  const stoppers = servers.map(createStopper)
  async function close(): Promise<void> {
    closing.abort(new Error('the twin was closed'))
    await Promise.all(stoppers.map((stop) => stop()))
    await activity.settled()
  }
  /** Opens a server's port; with faults, that of a relay in front of it. */
  async function open(name: TwinServer, server: Server, port = 0): Promise<Address> {
    if (!options.faults) return listen(server, host, port)
    const relay = createRelay(name, await listen(server, '127.0.0.1', 0), options.faults)
    stoppers.push(createStopper(relay))
    return listen(relay, host, port)
  }

  try {
    const [http, gatewayServer, backendServer] = servers
    const { port } = await open('hub', http, options.httpPort)
    const gateway = await open('gateway', gatewayServer, options.gatewayPort)
    const backend = await open('backend', backendServer, options.backendPort)
    place.url = urlOf(options.publicHost ?? host, port)
    place.backend.port = backend.port
    return {
      url: urlOf(host, port),
      gateway,
      backend,
      mintToken: (user) => mintToken(seed, user),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
