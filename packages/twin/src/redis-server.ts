import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Activity, OnFault } from './activity.ts'
import { effectOf, type FaultEffect, type FaultLookup } from './faults.ts'
import { RequestError, RequestReader } from './redis-requests.ts'

/** A reply of the redis protocol: a line with its mark, or a bulk string, where null is nil. */
export type Reply = { readonly line: string } | { readonly bulk: Uint8Array | null }

/** `+text` */
export const status = (text: string): Reply => ({ line: `+${text}` })
/** `-text` */
export const error = (text: string): Reply => ({ line: `-${text}` })
/** `:1` or `:0` */
export const flag = (value: boolean): Reply => ({ line: value ? ':1' : ':0' })
/** `$length` and the bytes; `$-1` for null */
export const bulk = (value: Uint8Array | null): Reply => ({ bulk: value })

/** One connection's state: called for each request, in order, the next one only after the reply. `quit` ends it. */
export type Session = (request: readonly Buffer[]) => Promise<Reply | 'quit'>

/** What a chunk server is made of. */
export type RedisService = {
  readonly open: () => Session
  /** The line for bytes that are no request; the connection ends with it. */
  readonly malformed: (reason: string) => string
  /** The error for a request that failed on the server's side: the disk is full, say. */
  readonly failed: string
  readonly onFault: OnFault
  readonly faults: FaultLookup
}

/**
 * Serves a redis protocol. Requests may be pipelined to any depth: bytes are only read while no reply is waiting to be
 * written. A value over the limit resets the connection, as 0-db's close with unread bytes does.
 */
export function createRedisServer(service: RedisService, activity: Activity): Server {
  // A client may close its side after its last request and still gets its replies.
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // Reading the socket meets the same error.
    socket.on('error', () => {})
    const served = serve(socket, service).catch((fault: unknown) => {
      if (fault instanceof RequestError && fault.code === 'malformed') {
        socket.end(`${service.malformed(fault.message)}\r\n`)
      } else {
        socket.resetAndDestroy()
      }
    })
    activity.track(served)
  })
}

async function serve(socket: Socket, service: RedisService): Promise<void> {
  const session = service.open()
  const requests = new RequestReader()
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    for (const request of requests.push(bytes)) {
      const { reply, cutAfter } = await answer(session, request, service)
      const encoded = reply === 'quit' ? Buffer.from('+OK\r\n') : encodeReply(reply)
      if (cutAfter === 0) return void socket.resetAndDestroy()
      if (cutAfter !== undefined) return void socket.end(encoded.subarray(0, cutAfter), () => socket.destroy())
      const more = socket.write(encoded)
      if (reply === 'quit') return void socket.end()
      if (!more) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
  }
  socket.end()
}

/** Faults that are one to who stores chunks. */
const UNABLE: ReadonlySet<FaultEffect['kind']> = new Set(['full', 'backend-down', 'backend-full'])

/** A reply, and for a fault after how many of its bytes the connection is cut. */
type Answered = { readonly reply: Reply | 'quit'; readonly cutAfter?: number }

async function answer(session: Session, request: readonly Buffer[], service: RedisService): Promise<Answered> {
  const [command = Buffer.alloc(0)] = request
  const name = command.toString('latin1').toUpperCase()
  const effects = service.faults(name, name)
  const asked = () =>
    session(request).catch((fault: unknown) => {
      service.onFault(name, fault)
      return error(service.failed)
    })
  if (effectOf(effects, 'drop-request')) return { reply: 'quit', cutAfter: 0 }
  if (effects.some(({ kind }) => UNABLE.has(kind))) return { reply: error(service.failed) }
  if (effectOf(effects, 'forget')) return { reply: bulk(request[1] ?? null) }

  const slow = effectOf(effects, 'slow-disk')
  if (slow) await sleep(slow.ms)
  const failed = effectOf(effects, 'error')
  if (failed && !failed.effect) return { reply: error(service.failed) }
  const reply = await asked()
  if (failed) return { reply: error(service.failed) }
  const cut = effectOf(effects, 'drop-response')
  return cut ? { reply, cutAfter: cut.after } : { reply }
}

function encodeReply(reply: Reply): Buffer {
  if ('line' in reply) return Buffer.from(`${reply.line}\r\n`)
  if (reply.bulk === null) return Buffer.from('$-1\r\n')
  return Buffer.concat([Buffer.from(`$${reply.bulk.length}\r\n`), reply.bulk, Buffer.from('\r\n')])
}
