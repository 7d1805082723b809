import { blake2b } from '../codec/blake2b.ts'
import { FlistError } from '../errors.ts'
import { type ChunkStore, formatChunkId, type StoredChunk } from './chunk-store.ts'
import { runInWindow } from './window.ts'
import { connectZdb, type Reply, type ZdbConnection, type ZdbConnectionOptions } from './zdb-connection.ts'

/** Keeps a long line busy, and either side's memory small. */
const WINDOW = { items: 512, bytes: 16 << 20 }

/** Where a server is. */
export type ZdbAddress = { readonly host: string; readonly port: number; readonly timeoutMs?: number }

const DEFAULT_TIMEOUT_MS = 60_000

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
  const connection = await connectWith(['SELECT', namespace, ...(password ? [password] : [])], {
    ...addressOptions(address),
    name: `zdb://${address.host}:${address.port}/${namespace}`,
    remedy: 'check the namespace, and give its password to write',
    secrets: password ? [password] : [],
    signal,
  })
  return { ...writableStore(connection), get: (id) => getChunk(connection, id, namespace) }
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
  const connection = await connectWith(['AUTH', options.token], {
    ...addressOptions(address),
    name,
    remedy: 'check that the token is one of this hub, without "bearer" or line ends',
    secrets: [options.token],
    signal: options.signal,
  })
  const get = async () => {
    throw new FlistError('not-supported', `${name}: the gateway of a hub does not give chunks back; read from its zdb`)
  }
  return { ...writableStore(connection), get }
}

function addressOptions({ host, port, timeoutMs = DEFAULT_TIMEOUT_MS }: ZdbAddress) {
  return { host, port, timeoutMs }
}

/** Connects, and sends what opens the store to us. */
async function connectWith(command: readonly string[], options: ZdbConnectionOptions): Promise<ZdbConnection> {
  const connection = await connectZdb(options)
  try {
    await connection.request(command)
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function writableStore({ name, request, close }: ZdbConnection): Pick<ChunkStore, 'missing' | 'put' | 'close'> {
  async function missing(ids: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const found = new Set<Uint8Array>()
    const ask = async (id: Uint8Array) => {
      const reply = await request(['EXISTS', bufferOf(id)])
      if (reply === 1) found.add(id)
      else if (reply !== 0) throw unexpected(name, 'EXISTS', reply)
    }
    await runInWindow(ids, WINDOW, () => 0, ask)
    return ids.filter((id) => !found.has(id))
  }

  /** The server answers with the id when it stored the chunk, and with nothing when it had it: both are fine. */
  async function putOne({ id, data }: StoredChunk): Promise<void> {
    const reply = await request(['SET', bufferOf(id), bufferOf(data)])
    if (typeof reply === 'number') throw unexpected(name, 'SET', reply)
  }

  return {
    missing,
    put: (chunks) => runInWindow(chunks, WINDOW, ({ data }) => data.length, putOne),
    close: async () => close(),
  }
}

async function getChunk({ name, request }: ZdbConnection, id: Uint8Array, namespace: string): Promise<Uint8Array> {
  const reply = await request(['GET', bufferOf(id)])
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
