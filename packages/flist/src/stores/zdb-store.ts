import { blake2b } from '../codec/blake2b.ts'
import { FlistError } from '../errors.ts'
import { type ChunkStore, formatChunkId, type StoredChunk } from './chunk-store.ts'
import type { Reply } from './resp.ts'
import { runInWindow } from './window.ts'
import { connectZdb, LONGEST_VALUE, type ZdbConnectionOptions } from './zdb-connection.ts'
import { type Admission, type Patience, ZdbLanes } from './zdb-lanes.ts'

/** Keeps a long line busy, and either side's memory small. */
const WINDOW = { items: 512, bytes: 16 << 20 }
const DEFAULT_CONNECTIONS = 3
const DEFAULT_TIMEOUT_MS = 60_000

/** Where a server is, and how to deal with it. */
export type ZdbAddress = {
  readonly host: string
  readonly port: number
  /** How long a server may leave requests without any answer; default 60,000. */
  readonly timeoutMs?: number
  /** At most; default 3. */
  readonly connections?: number
  readonly patience?: Patience
}

/**
 * Chunks in a namespace of 0-db, under their raw ids. Without the password of the namespace it can be read only.
 * @throws FlistError `store-failed` when there is no such server or namespace, or the password is wrong
 */
export async function openZdbStore(
  address: ZdbAddress & { readonly namespace: string },
  options: { readonly password?: string; readonly signal?: AbortSignal } = {},
): Promise<ChunkStore> {
  const { namespace } = address
  const { password, signal } = options
  const name = `zdb://${address.host}:${address.port}/${namespace}`
  const server = await openServer(address, ['SELECT', namespace, ...(password ? [password] : [])], {
    name,
    credential: 'password',
    secrets: password ? [password] : [],
    signal,
  })
  return { ...writableStore(server, name), get: (id) => getChunk(server, name, id, namespace) }
}

/**
 * The gateway of a hub (0-hub-gw), which stores chunks for whoever has a token of the hub. It has no way to read one.
 * @throws FlistError `store-failed` when there is no such server or it does not take the token
 */
export async function openHubStore(
  address: ZdbAddress,
  options: { readonly token: string; readonly signal?: AbortSignal },
): Promise<ChunkStore> {
  const name = `hub://${address.host}:${address.port}`
  const server = await openServer(address, ['AUTH', options.token], {
    name,
    credential: 'token',
    secrets: [options.token],
    signal: options.signal,
  })
  const get = async () => {
    throw new FlistError('not-supported', `${name}: the gateway of a hub does not give chunks back; read from its zdb`)
  }
  return { ...writableStore(server, name), get }
}

/** Connects, `command` being what opens the store to us. */
async function openServer(
  { host, port, timeoutMs = DEFAULT_TIMEOUT_MS, connections = DEFAULT_CONNECTIONS, patience = {} }: ZdbAddress,
  command: readonly string[],
  options: Pick<ZdbConnectionOptions, 'name' | 'credential' | 'secrets' | 'signal'>,
): Promise<ZdbLanes> {
  const { signal } = options
  signal?.throwIfAborted()
  const connect = () => admit({ ...options, host, port, timeoutMs }, command)
  const lanes = new ZdbLanes({ connect, connections, patience, signal })
  await lanes.open()
  return lanes
}

async function admit(options: ZdbConnectionOptions, command: readonly string[]): Promise<Admission> {
  const connection = await connectZdb(options)
  const outcome = await connection.request(command)
  if ('reply' in outcome) return { connection }
  connection.close()
  if ('broken' in outcome) throw outcome.broken
  if (outcome.refused.isPassing) throw outcome.refused.error
  return { refused: outcome.refused.error }
}

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function writableStore(server: ZdbLanes, name: string): Pick<ChunkStore, 'missing' | 'put' | 'close'> {
  async function missing(ids: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const found = new Set<Uint8Array>()
    const ask = async (id: Uint8Array) => {
      const reply = await server.request(['EXISTS', bufferOf(id)])
      if (reply === 1) found.add(id)
      else if (reply !== 0) throw unexpected(name, 'EXISTS', reply)
    }
    await runInWindow(ids, WINDOW, () => 0, ask)
    return ids.filter((id) => !found.has(id))
  }

  /** The server answers with the id when it stored the chunk, and with nothing when it had it: both are fine. */
  async function putOne({ id, data }: StoredChunk): Promise<void> {
    if (data.length > LONGEST_VALUE) {
      const text = `chunk "${formatChunkId(id)}" has ${data.length} bytes, a 0-db takes ${LONGEST_VALUE}; use smaller chunks`
      throw new FlistError('too-large', `${name}: ${text}`)
    }
    const reply = await server.request(['SET', bufferOf(id), bufferOf(data)])
    const isStored = reply === null || (Buffer.isBuffer(reply) && Buffer.compare(reply, id) === 0)
    if (!isStored) throw unexpected(name, 'SET', reply)
  }

  return {
    missing,
    put: (chunks) => runInWindow(chunks, WINDOW, ({ data }) => data.length, putOne),
    close: async () => server.close(new FlistError('store-failed', `${name}: the store is closed; open it again`)),
  }
}

async function getChunk(server: ZdbLanes, name: string, id: Uint8Array, namespace: string): Promise<Uint8Array> {
  const reply = await server.request(['GET', bufferOf(id)])
  const chunk = `chunk "${formatChunkId(id)}"`
  if (reply === null) {
    const remedy = `check that "${namespace}" is the namespace the flist was published to`
    throw new FlistError('chunk-missing', `${name}: no ${chunk}; ${remedy}`)
  }
  if (!Buffer.isBuffer(reply)) throw unexpected(name, 'GET', reply)
  if (Buffer.compare(blake2b(reply, id.length), id) !== 0) {
    throw new FlistError('chunk-corrupt', `${name}: ${chunk} has other content than its id says; store it again`)
  }
  return reply
}

function unexpected(name: string, command: string, reply: Reply): FlistError {
  const kind = typeof reply === 'number' ? `the number ${reply}` : reply === null ? 'nothing' : 'text'
  return new FlistError('store-failed', `${name} answered ${kind} to ${command}; check that it is a 0-db`)
}
