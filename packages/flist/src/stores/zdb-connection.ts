import { connect, type Socket } from 'node:net'
import { HASH_BYTES } from '../codec/chunk-codec.ts'
import { FlistError } from '../errors.ts'
import { createReplyReader, encodeCommand, RefusedReply, type Reply } from './resp.ts'
import { type Credential, explainRefusal, type Refusal } from './zdb-refusals.ts'

/** What came of a request: an answer, a refusal after which the connection goes on, or the end of the connection. */
export type Outcome = { readonly reply: Reply } | { readonly refused: Refusal } | { readonly broken: unknown }

/** A connection to a server that speaks the Redis protocol, version 2. Once broken it stays so: every request fails. */
export type ZdbConnection = {
  /** Requests may follow each other without waiting; the server answers in order. Never rejects. */
  request(command: readonly (string | Buffer)[]): Promise<Outcome>
  close(): void
}

export type ZdbConnectionOptions = {
  readonly host: string
  readonly port: number
  readonly name: string
  /** What lets write there, for the errors. */
  readonly credential: Credential
  /** Words no error may show, whatever the server answers. */
  readonly secrets: readonly string[]
  readonly signal?: AbortSignal | undefined
  /** How long the server may leave requests without any answer, and a connection may take. */
  readonly timeoutMs: number
}

/** Milliseconds without an answer after which a server is asked something else. */
const NUDGE_AFTER_MS = 200
/** Whether there is a chunk that is never there. */
const NUDGE = ['EXISTS', Buffer.alloc(HASH_BYTES)]

/** To take each one out of an array as soon as it has its answer would move all others. */
const MOST_ANSWERED = 1024

/** 0-db takes and gives none that is longer. */
export const LONGEST_VALUE = 8 << 20

/** @throws FlistError `store-failed` when there is no server to talk to; the reason of the signal */
export async function connectZdb(options: ZdbConnectionOptions): Promise<ZdbConnection> {
  const { host, port, name, signal, timeoutMs } = options
  signal?.throwIfAborted()
  const socket = connect({ host, port, noDelay: true })
  const answers = watchAnswers(timeoutMs, () => end(silentError(name, timeoutMs)), nudge)
  const connected = Promise.withResolvers<void>()
  /** Those who wait for an answer, in order, behind so many who have theirs. */
  let waiting: ((outcome: Outcome) => void)[] = []
  let answered = 0
  let isLetIn = false
  /** Why the connection is over. */
  let failure: { readonly reason: unknown } | undefined
  let describe = unreachableError
  const abort = () => end(signal?.reason)

  function end(reason: unknown): void {
    if (failure) return
    failure = { reason }
    answers.stop()
    signal?.removeEventListener('abort', abort)
    socket.destroy()
    connected.reject(reason)
    for (const answer of waiting.slice(answered)) answer({ broken: reason })
  }

  function take(reply: Reply | RefusedReply): void {
    const answer = waiting[answered++]
    if (!answer) throw new Error('an answer that nobody asked for')
    if (answered === MOST_ANSWERED) {
      waiting = waiting.slice(answered)
      answered = 0
    }
    answers.take()
    isLetIn = true
    answer(reply instanceof RefusedReply ? { refused: refusal(options, reply) } : { reply })
  }

  function request(command: readonly (string | Buffer)[]): Promise<Outcome> {
    if (failure) return Promise.resolve({ broken: failure.reason })
    answers.await()
    send(socket, encodeCommand(command))
    return new Promise((resolve) => waiting.push(resolve))
  }

  /**
   * Sends something nobody waits for. 0-db (zdbd/redis.c, 2.0.7) reads 8 KiB of what came, and when a request ends right there no
   * more of it until something else comes: with requests that follow each other it would be silent for good.
   */
  function nudge(): void {
    // Before it let us in it may end the connection for this.
    if (isLetIn) void request(NUDGE)
  }

  signal?.addEventListener('abort', abort)
  const read = createReplyReader(LONGEST_VALUE, take)
  socket.on('data', (piece) => {
    try {
      if (!failure) read(piece)
    } catch (error) {
      end(describe(name, error as Error))
    }
  })
  socket.on('error', (error) => end(describe(name, error)))
  socket.on('close', () => end(describe(name, new Error('it was closed'))))
  socket.once('connect', connected.resolve)
  const late = setTimeout(() => end(unreachableError(name, new Error('it takes too long'))), timeoutMs)
  await connected.promise.finally(() => clearTimeout(late))
  describe = brokenError
  return { request, close: () => end(new FlistError('store-failed', `${name}: the connection was closed`)) }
}

/** What is sent in one turn of the event loop goes out together. */
function send(socket: Socket, pieces: readonly Buffer[]): void {
  if (socket.writableCorked === 0) {
    socket.cork()
    setImmediate(() => socket.uncork())
  }
  for (const piece of pieces) socket.write(piece)
}

/** Calls `onSilence` when answers are awaited and none has come for `timeoutMs`, and before that `nudge` every now and then. */
function watchAnswers(timeoutMs: number, onSilence: () => void, nudge: () => void) {
  let awaited = 0
  let lastAnswer = 0
  let timer: NodeJS.Timeout | undefined

  function watch(): void {
    const rest = lastAnswer + timeoutMs - performance.now()
    timer ??= setTimeout(check, Math.min(rest, NUDGE_AFTER_MS))
  }

  function check(): void {
    timer = undefined
    if (awaited === 0) return
    const silence = performance.now() - lastAnswer
    if (silence >= timeoutMs) {
      onSilence()
      return
    }
    if (silence >= NUDGE_AFTER_MS) nudge()
    watch()
  }

  return {
    await() {
      if (awaited++ === 0) lastAnswer = performance.now()
      watch()
    },
    take() {
      awaited--
      lastAnswer = performance.now()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}

const reasonOf = (cause: Error) => (cause as NodeJS.ErrnoException).code ?? cause.message

function unreachableError(name: string, cause: Error): FlistError {
  const remedy = 'check the address, and that the server runs and can be reached from here'
  return new FlistError('store-failed', `${name}: cannot connect (${reasonOf(cause)}); ${remedy}`, { cause })
}

function brokenError(name: string, cause: Error): FlistError {
  const remedy = 'check that the server runs, then repeat: what was stored stays'
  return new FlistError('store-failed', `${name}: the connection broke (${reasonOf(cause)}); ${remedy}`, { cause })
}

function silentError(name: string, timeoutMs: number): FlistError {
  const remedy = 'check the server and the network, then repeat: what was stored stays'
  return new FlistError('store-failed', `${name}: no answer for ${timeoutMs / 1000} seconds; ${remedy}`)
}

function refusal({ name, credential, secrets }: ZdbConnectionOptions, reply: RefusedReply): Refusal {
  const text = secrets.reduce((message, secret) => message.replaceAll(secret, '***'), reply.message)
  return explainRefusal(name, text, credential)
}
