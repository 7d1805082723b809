import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cut, gatewayHandler, type RespHandler, startRespServer, zdbHandler } from '../../test/resp-server.ts'
import { chunkId, encodeChunk } from '../codec/chunk.ts'
import type { StoredChunk } from './chunk-store.ts'
import { openHubStore, openZdbStore, type ZdbAddress } from './zdb-store.ts'

const TOKEN = 'c2lnbmF0dXJl'
const CHUNKS = ['one', 'two'].map((text) => encodeChunk(Buffer.from(text)))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const QUICK: Partial<ZdbAddress> = { timeoutMs: 20_000, patience: { firstPauseMs: 1 } }

/** Everything a publisher does on the gateway, against one that cuts connections. */
async function publish(chunks: readonly StoredChunk[], cut: Cut, manner = QUICK) {
  const stored = new Map<string, Buffer>()
  const server = await startRespServer(gatewayHandler(stored, TOKEN), cut)
  try {
    const store = await openHubStore({ host: '127.0.0.1', port: server.port, ...manner }, { token: TOKEN })
    const missing = await store.missing(chunks.map(({ id }) => id))
    await store.put(chunks)
    const left = await store.missing(chunks.map(({ id }) => id))
    await store.close()
    return { missing, left, stored, bytes: server.bytes }
  } finally {
    await server.close()
  }
}

describe('a gateway whose connection breaks', () => {
  test.each(['received', 'sent'] as const)(
    'after any byte %s: all chunks are there, after one more connection',
    async (direction) => {
      const { bytes } = await publish(CHUNKS, () => ({}), { ...QUICK, connections: 1 })
      const offsets = Array.from({ length: bytes[direction] }, (_, offset) => offset)
      const failed: number[] = []
      const run = async (offset: number) => {
        const cut: Cut = (connection) => (connection === 0 ? { [direction]: offset } : {})
        const { missing, left, stored, bytes } = await publish(CHUNKS, cut, { ...QUICK, connections: 1 })
        const isWhole =
          stored.size === CHUNKS.length && CHUNKS.every(({ id, data }) => stored.get(hex(id))?.equals(data))
        if (!isWhole || missing.length !== CHUNKS.length || left.length > 0 || bytes.connections > 2)
          failed.push(offset)
      }
      while (offsets.length > 0) await Promise.all(offsets.splice(0, 16).map(run))
      expect(failed).toEqual([])
      expect(bytes[direction]).toBeGreaterThan(50)
    },
    60_000,
  )

  test('at random, on several connections: all chunks are there', async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 40, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(lengths, fc.boolean(), async (limits, isReceived) => {
        const chunks = Array.from({ length: 150 }, (_, at) => chunkOf(at, 2000 + 37 * at))
        const cut: Cut = (at) => ({ [isReceived ? 'received' : 'sent']: limits[at] ?? Number.POSITIVE_INFINITY })
        const { stored, left } = await publish(chunks, cut)
        expect(stored.size).toBe(chunks.length)
        expect(left).toEqual([])
      }),
      { numRuns: 6 },
    )
  }, 60_000)

  test('no more than the window is held, however often it breaks', async () => {
    const stored = new Map<string, Buffer>()
    const cut: Cut = (connection) => (connection < 6 ? { received: (3 + connection) << 20 } : {})
    const server = await startRespServer(gatewayHandler(stored, TOKEN), cut)
    onTestFinished(() => server.close())
    const store = await openHubStore({ host: '127.0.0.1', port: server.port, ...QUICK }, { token: TOKEN })
    let most = 0
    function* chunks() {
      for (let at = 0; at < 60; at++) {
        most = Math.max(most, at - stored.size)
        yield chunkOf(at, 1 << 20)
      }
    }
    await store.put(chunks())
    await store.close()
    expect(stored.size).toBe(60)
    expect(server.bytes.connections).toBeGreaterThan(6)
    expect(most).toBeLessThanOrEqual(16)
  }, 60_000)

  test('a 0-db gives its chunks all the same', async () => {
    const chunks = new Map(CHUNKS.map(({ id, data }) => [hex(id), Buffer.from(data)]))
    const server = await startRespServer(zdbHandler(chunks), (connection) => ({ sent: 8 + connection }))
    onTestFinished(() => server.close())
    const patience = { firstPauseMs: 1, attempts: 200 }
    const address = { host: '127.0.0.1', port: server.port, namespace: 'default', patience }
    const store = await openZdbStore(address)
    onTestFinished(() => store.close())
    for (const { id, data } of CHUNKS) expect(Buffer.compare(await store.get(id), data)).toBe(0)
  })
})

describe('a gateway that says no', () => {
  test('for now: it is asked again', async () => {
    const stored = new Map<string, Buffer>()
    const answer = gatewayHandler(stored, TOKEN)
    let refusals = 0
    const { store } = await opened((command, socket) =>
      command[0]?.toString() !== 'AUTH' && ++refusals < 4
        ? '-Cannot perform query right now\r\n'
        : answer(command, socket),
    )
    await store.put(CHUNKS)
    expect(stored.size).toBe(CHUNKS.length)
  })

  test('for now, and never ceases to: that is told', async () => {
    const { store, name } = await opened(
      ([command]) => (command?.toString() === 'AUTH' ? '+OK - alice\r\n' : '-Cannot perform query right now\r\n'),
      { patience: { attempts: 3, firstPauseMs: 1 } },
    )
    await expect(store.put(CHUNKS)).rejects.toMatchObject({
      code: 'store-failed',
      message: `${name} refused: "Cannot perform query right now"; the 0-db behind the gateway is down, full or read-only; look at it, then repeat: what was stored stays`,
    })
  })

  test('to the token it took before: that is told, and the token is not shown', async () => {
    let connections = 0
    const { store } = await opened((command, socket) => {
      if (command[0]?.toString() !== 'AUTH') return void socket.destroy()
      return connections++ === 0 ? '+OK - alice\r\n' : `-Access denied to ${TOKEN}\r\n`
    })
    const put = store.put(CHUNKS)
    await expect(put).rejects.toThrow('refused: "Access denied to ***"; check that the token is one of this hub')
    await expect(store.missing([])).resolves.toEqual([])
    await expect(store.put(CHUNKS)).rejects.toThrow('Access denied')
  })

  test('is not given a value that would make it break the connection', async () => {
    const { store, commands } = await opened(gatewayHandler(new Map(), TOKEN))
    await expect(store.put([chunkOf(1, (8 << 20) + 1)])).rejects.toMatchObject({ code: 'too-large' })
    expect(commands).toHaveLength(1)
  })
})

describe('patience', () => {
  test('ends with the attempts, when none brought an answer', async () => {
    const { store, bytes } = await opened(dropping, { patience: { attempts: 4, firstPauseMs: 1 }, connections: 1 })
    await expect(store.put(CHUNKS)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(/the connection broke \(.+\); check that the server runs, then repeat/),
    })
    expect(bytes.connections).toBe(4)
  })

  test('ends with the deadline', async () => {
    const { store } = await opened(dropping, { patience: { attempts: 10_000, firstPauseMs: 1, deadlineMs: 200 } })
    const started = performance.now()
    await expect(store.put(CHUNKS)).rejects.toThrow('the connection broke')
    expect(performance.now() - started).toBeGreaterThan(190)
  })

  test('is ended by an abort, in a pause too', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const { store } = await opened(dropping, { patience: { firstPauseMs: 60_000 } }, abort.signal)
    setTimeout(() => abort.abort(reason), 50)
    await expect(store.put(CHUNKS)).rejects.toBe(reason)
  })
})

/** Lets in, and breaks the connection at the first request. */
const dropping: RespHandler = ([command], socket) =>
  command?.toString() === 'AUTH' ? '+OK - alice\r\n' : void socket.destroy()

async function opened(handler: RespHandler, manner: Partial<ZdbAddress> = {}, signal?: AbortSignal) {
  const server = await startRespServer(handler)
  const address = { host: '127.0.0.1', port: server.port, ...QUICK, ...manner }
  const store = await openHubStore(address, { token: TOKEN, ...(signal ? { signal } : {}) })
  onTestFinished(async () => {
    await store.close()
    await server.close()
  })
  return { ...server, store, name: `hub://127.0.0.1:${server.port}` }
}

function chunkOf(at: number, length: number): StoredChunk {
  const data = Buffer.alloc(length, `${at} `)
  return { id: chunkId(data), data }
}
