import { ErrorReply, RESP_TYPES, RedisClient } from '@redis/client'
import { FlistError } from '../errors.ts'
import { type Credential, explainRefusal, type Refusal } from './zdb-refusals.ts'

/** An answer of 0-db: a number, a status line, a value, or nothing. */
export type Reply = number | string | Buffer | null

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

let factory: ReturnType<typeof makeFactory> | undefined

const makeFactory = () => RedisClient.factory({ RESP: 2 })

/** Made when it is needed, and once: it costs 60 ms, which `createClient` would spend anew for every other address. */
function clientFactory(): ReturnType<typeof makeFactory> {
  factory ??= makeFactory()
  return factory
}

/** @throws FlistError `store-failed` when there is no server to talk to; the reason of the signal */
export async function connectZdb(options: ZdbConnectionOptions): Promise<ZdbConnection> {
  const { name, signal, timeoutMs } = options
  signal?.throwIfAborted()
  const clientOptions = {
    // 0-db knows neither HELLO nor CLIENT: nothing may be sent but what is asked for.
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { host: options.host, port: options.port, connectTimeout: timeoutMs, reconnectStrategy: false },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  } as const
  const client = clientFactory()(clientOptions)

  const answers = watchAnswers(timeoutMs, () => end(silentError(name, timeoutMs)))
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {})
  /** Why the connection is over. */
  let failure: unknown
  let describe = unreachableError
  const abort = () => end(signal?.reason)

  function end(error: unknown): void {
    if (failure === undefined) {
      failure = error
      broken.reject(error)
    }
    answers.stop()
    signal?.removeEventListener('abort', abort)
    client.destroy()
  }

  async function request(command: readonly (string | Buffer)[]): Promise<Outcome> {
    if (failure !== undefined) return { broken: failure }
    answers.await()
    try {
      return { reply: await client.sendCommand<Reply>([...command]) }
    } catch (error) {
      if (error instanceof ErrorReply) return { refused: refusal(options, error) }
      end(brokenError(name, error as Error))
      return { broken: failure }
    } finally {
      answers.take()
    }
  }

  signal?.addEventListener('abort', abort)
  client.on('error', (error: Error) => end(describe(name, error)))
  const connecting = client.connect()
  // A client ended while it connects gives up only once it is connected.
  connecting.then(() => failure !== undefined && client.destroy()).catch(() => {})
  await Promise.race([connecting, broken.promise]).catch((error: Error) => {
    end(describe(name, error))
    throw failure
  })
  describe = brokenError
  return { request, close: () => end(new FlistError('store-failed', `${name}: the connection was closed`)) }
}

/** Calls `onSilence` when answers are awaited and none has come for `timeoutMs`. */
function watchAnswers(timeoutMs: number, onSilence: () => void) {
  let awaited = 0
  let lastAnswer = 0
  let timer: NodeJS.Timeout | undefined

  function check(): void {
    timer = undefined
    const rest = lastAnswer + timeoutMs - performance.now()
    if (awaited === 0) return
    if (rest > 0) timer = setTimeout(check, rest)
    else onSilence()
  }

  return {
    await() {
      if (awaited++ === 0) lastAnswer = performance.now()
      timer ??= setTimeout(check, timeoutMs)
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

function refusal({ name, credential, secrets }: ZdbConnectionOptions, reply: Error): Refusal {
  const text = secrets.reduce((message, secret) => message.replaceAll(secret, '***'), reply.message)
  return explainRefusal(name, text, credential)
}
