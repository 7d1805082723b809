import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { bulk, gatewayHandler, type RespHandler, startRespServer, zdbHandler } from '../../test/resp-server.ts'
import { chunkId, encodeChunk } from '../codec/chunk.ts'
import { FL_CHUNKS } from '../codec/chunk-format.ts'
import { openHubStore, openZdbStore } from './zdb-store.ts'

const HELLO = encodeChunk(Buffer.from('hello\n'))
const OTHER = encodeChunk(Buffer.from('other\n'))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Two attempts, so that what stays broken is told soon. */
const IMPATIENT = { attempts: 2, firstPauseMs: 1 }

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(handler: RespHandler) {
  const server = await startRespServer(handler)
  cleanups.push(server.close)
  return server
}

/** A server and its store; `handler` answers all but the first SELECT. */
async function zdb(
  handler: RespHandler,
  options: { password?: string; signal?: AbortSignal; timeoutMs?: number; connections?: number } = {},
) {
  const server = await serve(handler)
  const { timeoutMs = 20_000, connections = 3, ...storeOptions } = options
  const place = { host: '127.0.0.1', port: server.port, namespace: 'default' }
  const address = { ...place, timeoutMs, connections, patience: IMPATIENT }
  const store = await openZdbStore(address, storeOptions)
  cleanups.push(store.close)
  return { ...server, store, name: `zdb://127.0.0.1:${server.port}/default` }
}

/** Answers SELECT, and then what the test says. */
const afterSelect =
  (handler: RespHandler): RespHandler =>
  (command, socket) =>
    command[0]?.toString() === 'SELECT' ? '+OK\r\n' : handler(command, socket)

/** What a client asks for to nudge a server. */
const isNudge = (id: Buffer | undefined) => id?.equals(Buffer.alloc(16))

/** Answers only when the client waits, and tells the most it sent before that, on all connections together. */
function holdAnswers(answer: string) {
  const most = { commands: 0, bytes: 0 }
  let bytes = 0
  let held: { socket: Socket; isAsked: boolean }[] = []
  let idle: NodeJS.Timeout | undefined
  const handler = afterSelect(([, id, value], socket) => {
    held.push({ socket, isAsked: !isNudge(id) })
    if (isNudge(id)) return undefined
    bytes += value?.length ?? 0
    clearTimeout(idle)
    idle = setTimeout(() => {
      most.commands = Math.max(most.commands, held.filter(({ isAsked }) => isAsked).length)
      most.bytes = Math.max(most.bytes, bytes)
      for (const { socket, isAsked } of held) socket.write(isAsked ? answer : ':0\r\n')
      held = []
      bytes = 0
    }, 150)
    return undefined
  })
  return { handler, most }
}

describe('a namespace of 0-db', () => {
  test('takes chunks under their raw ids, and gives them back', async () => {
    const chunks = new Map<string, Buffer>()
    const { store, commands } = await zdb(zdbHandler(chunks), { password: 'secret' })
    expect(await store.missing([HELLO.id, OTHER.id])).toEqual([HELLO.id, OTHER.id])
    await store.put([HELLO])
    await store.put([HELLO, OTHER])
    expect(await store.missing([HELLO.id, OTHER.id])).toEqual([])
    expect(Buffer.from(await store.get(HELLO.id))).toEqual(Buffer.from(HELLO.data))
    expect([...chunks.keys()].sort()).toEqual([hex(HELLO.id), hex(OTHER.id)].sort())
    expect(new Set(commands.map((command) => command.split(' ')[0]))).toEqual(
      new Set(['SELECT', 'EXISTS', 'SET', 'GET']),
    )
  })

  test('takes chunks of a .fl under their raw ids of 32 bytes', async () => {
    const chunks = new Map<string, Buffer>()
    const { store } = await zdb(zdbHandler(chunks), { password: 'secret' })
    const encoded = [FL_CHUNKS.encode(Buffer.from('hello\n'))]
    await store.put(encoded)
    expect([...chunks.keys()]).toEqual(encoded.map(({ id }) => hex(id)))
    for (const { id, data } of encoded) expect(Buffer.compare(await store.get(id), data)).toBe(0)
  })

  test('is opened with nothing but SELECT', async () => {
    const { commands } = await zdb(zdbHandler(new Map()))
    expect(commands).toEqual(['SELECT default'])
  })

  test('is asked for many chunks without waiting for each answer, but for 512 at most', async () => {
    const { handler, most } = holdAnswers(':0\r\n')
    const { store } = await zdb(handler)
    const ids = Array.from({ length: 700 }, (_, i) => chunkId(Buffer.from(`${i}`)))
    expect(await store.missing(ids)).toEqual(ids)
    expect(most.commands).toBe(512)
  })

  test('gets many chunks without waiting for each answer, but 16 MiB at most', async () => {
    const { handler, most } = holdAnswers('$-1\r\n')
    const { store } = await zdb(handler)
    let taken = 0
    function* chunks() {
      for (; taken < 40; taken++) {
        const data = Buffer.alloc(1 << 20, taken)
        yield { id: chunkId(data), data }
      }
    }
    await store.put(chunks())
    expect(taken).toBe(40)
    expect(most.bytes).toBe(16 << 20)
  })

  test('is asked for thousands of chunks, and each answer reaches who asked', async () => {
    const ids = Array.from({ length: 5000 }, (_, i) => chunkId(Buffer.from(`${i}`)))
    const there = new Set(ids.filter((_, i) => i % 3 === 0).map(hex))
    const { store } = await zdb(
      afterSelect(([, id]) => (there.has(hex(id ?? Buffer.alloc(0))) ? ':1\r\n' : ':0\r\n')),
      { connections: 1 },
    )
    expect(await store.missing(ids)).toEqual(ids.filter((id) => !there.has(hex(id))))
  })

  test('a chunk it does not have is missing', async () => {
    const { store, name } = await zdb(zdbHandler(new Map()))
    await expect(store.get(HELLO.id)).rejects.toMatchObject({
      code: 'chunk-missing',
      message: `${name}: no chunk "${hex(HELLO.id)}"; check that "default" is the namespace the flist was published to`,
    })
  })

  test('a chunk with other content is not given out', async () => {
    const { store } = await zdb(afterSelect(() => bulk(Buffer.from('anything'))))
    await expect(store.get(HELLO.id)).rejects.toMatchObject({ code: 'chunk-corrupt' })
  })

  test('refuses to store without its password', async () => {
    const { store, name } = await zdb(zdbHandler(new Map()))
    await expect(store.put([HELLO])).rejects.toMatchObject({
      code: 'store-failed',
      message: `${name} refused: "Namespace is in read-only mode"; check the namespace, and give its password to write`,
    })
  })

  test('refuses a wrong password, which is not shown', async () => {
    const server = await serve(() => '-Access denied for hunter2\r\n')
    const address = { host: '127.0.0.1', port: server.port, namespace: 'default' }
    await expect(openZdbStore(address, { password: 'hunter2' })).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(/refused: "Access denied for \*\*\*"/),
    })
  })

  test('is full', async () => {
    const { store, name } = await zdb(afterSelect(() => '-No space left on this namespace\r\n'))
    await expect(store.put([HELLO])).rejects.toMatchObject({
      code: 'store-full',
      message: `${name} refused: "No space left on this namespace"; raise the limit of the namespace or free space on the server`,
    })
  })
})

describe('a server that misbehaves', () => {
  const PROMPT = 10_000

  test.each<[string, RespHandler, string]>([
    ['closes the connection', (_, socket) => void socket.end(), 'the connection broke'],
    ['resets the connection', (_, socket) => void socket.resetAndDestroy(), 'the connection broke'],
    ['closes in the middle of an answer', (_, socket) => void socket.end('$12\r\nabc'), 'the connection broke'],
    ['speaks another protocol', () => 'HTTP/1.1 400 Bad Request\r\n\r\n', 'the connection broke'],
    ['answers EXISTS with text', () => '+OK\r\n', 'answered text to EXISTS; check that it is a 0-db'],
    ['answers EXISTS with another number', () => ':7\r\n', 'answered the number 7 to EXISTS'],
  ])('%s: that is an error, at once', async (_, handler, text) => {
    const { store, name } = await zdb(afterSelect(handler))
    const started = performance.now()
    const asked = store.missing([HELLO.id]).then(() => store.missing([HELLO.id]))
    await expect(asked).rejects.toMatchObject({
      name: 'FlistError',
      code: 'store-failed',
      message: expect.stringContaining(text),
    })
    await expect(asked).rejects.toThrow(name)
    expect(performance.now() - started).toBeLessThan(PROMPT)
  })

  test('falls silent: that is an error after the time given to it', async () => {
    const { store, name } = await zdb(
      afterSelect(() => undefined),
      { timeoutMs: 200 },
    )
    await expect(store.put([HELLO, OTHER])).rejects.toMatchObject({
      code: 'store-failed',
      message: `${name}: no answer for 0.2 seconds; check the server and the network, then repeat: what was stored stays`,
    })
  })

  test('is slow but answers: that is no error', async () => {
    const { store } = await zdb(
      afterSelect((_, socket) => {
        setTimeout(() => socket.write(':1\r\n'), 250)
        return undefined
      }),
      { timeoutMs: 600 },
    )
    for (let i = 0; i < 4; i++) expect(await store.missing([HELLO.id])).toEqual([])
  })

  test('stops to read between two requests until more comes, as 0-db does: it is nudged', async () => {
    const held: Socket[] = []
    const { store, commands } = await zdb(
      afterSelect(([name, id], socket) => {
        if (name?.toString() === 'SET') return void held.push(socket)
        for (const waiting of held.splice(0)) waiting.write('$-1\r\n')
        return isNudge(id) ? ':0\r\n' : ':1\r\n'
      }),
      { connections: 1 },
    )
    await store.put([HELLO, OTHER])
    expect(commands.map((command) => command.split(' ')[0])).toEqual(['SELECT', 'SET', 'SET', 'EXISTS'])
    expect(await store.missing([HELLO.id])).toEqual([])
  })

  test('answers what nobody asked: that is not taken for the answer to the next request', async () => {
    const answers = [':1\r\n:1\r\n', ':0\r\n']
    const { store } = await zdb(afterSelect(() => answers.shift()))
    expect(await store.missing([HELLO.id])).toEqual([])
    expect(await store.missing([OTHER.id])).toEqual([OTHER.id])
  })

  test('once it was given up, everything fails', async () => {
    const { store } = await zdb(afterSelect((_, socket) => void socket.destroy()))
    await expect(store.missing([HELLO.id])).rejects.toMatchObject({ code: 'store-failed' })
    await expect(store.put([HELLO])).rejects.toMatchObject({ code: 'store-failed' })
    await expect(store.get(HELLO.id)).rejects.toMatchObject({ code: 'store-failed' })
  })

  test('is not there', async () => {
    const server = await startRespServer(() => undefined)
    await server.close()
    const address = { host: '127.0.0.1', port: server.port, namespace: 'default' }
    await expect(openZdbStore(address)).rejects.toMatchObject({
      code: 'store-failed',
      message:
        `zdb://127.0.0.1:${server.port}/default: cannot connect (ECONNREFUSED); ` +
        'check the address, and that the server runs and can be reached from here',
    })
  })
})

describe('ending the use', () => {
  test('an abort ends what is under way with its reason, and all that follows', async () => {
    const abort = new AbortController()
    const { store } = await zdb(
      afterSelect(() => undefined),
      { signal: abort.signal },
    )
    const put = store.put([HELLO])
    abort.abort(new Error('enough'))
    await expect(put).rejects.toThrow('enough')
    await expect(store.missing([HELLO.id])).rejects.toThrow('enough')
  })

  test('an abort ends opening', async () => {
    const server = await serve(() => undefined)
    const address = { host: '127.0.0.1', port: server.port, namespace: 'default' }
    await expect(openZdbStore(address, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await expect(openZdbStore(address, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout')
  })

  test('a closed store says so, and closing again does nothing', async () => {
    const { store, name } = await zdb(zdbHandler(new Map()))
    await store.close()
    await store.close()
    await expect(store.missing([HELLO.id])).rejects.toThrow(`${name}: the store is closed; open it again`)
  })
})

describe('the gateway of a hub', () => {
  const TOKEN = 'c2lnbmF0dXJl'

  async function hub(chunks = new Map<string, Buffer>(), token = TOKEN) {
    const server = await serve(gatewayHandler(chunks, TOKEN))
    const store = await openHubStore({ host: '127.0.0.1', port: server.port }, { token })
    cleanups.push(store.close)
    return { ...server, store }
  }

  test('takes chunks from whoever has a token', async () => {
    const chunks = new Map<string, Buffer>()
    const { store, commands } = await hub(chunks)
    await store.put([HELLO])
    expect(await store.missing([HELLO.id, OTHER.id])).toEqual([OTHER.id])
    expect([...chunks.keys()]).toEqual([hex(HELLO.id)])
    expect(commands[0]).toBe(`AUTH ${TOKEN}`)
  })

  test('does not give them back', async () => {
    const { store, port } = await hub()
    await expect(store.get(HELLO.id)).rejects.toMatchObject({
      code: 'not-supported',
      message: `hub://127.0.0.1:${port}: the gateway of a hub does not give chunks back; read from its zdb`,
    })
  })

  test('refuses another token, which is not shown', async () => {
    await expect(hub(new Map(), 'stolen')).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(
        /^hub:\/\/127\.0\.0\.1:\d+ refused: "Access denied, \*\*\* is not valid"; check that/,
      ),
    })
  })

  test('refuses a chunk that is not what its id says', async () => {
    const { store } = await hub()
    await expect(store.put([{ id: HELLO.id, data: OTHER.data }])).rejects.toThrow('refused: "Unauthorized payload"')
  })
})
