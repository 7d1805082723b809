import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import type { Agent } from 'undici'
import { bareHost, guardedLookup, isPrivateAddress, PrivateAddressError } from './addresses.ts'
import { collectAnswer } from './collected-body.ts'
import { networkError } from './network-error.ts'
import { isRedirect, MAX_REDIRECTS, redirectTarget } from './redirect.ts'
import { RegistryError } from './registry-error.ts'

/** One request of a registry client. */
export type TransportRequest = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST'
  readonly url: URL
  /** The registry this request is made for: it decides which other hosts may be reached */
  readonly home: URL
  /** What is fetched, for messages */
  readonly subject: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent to the origin of `url` only, never after a redirect to another one */
  readonly authorization?: string | undefined
  readonly body?: Uint8Array | string | undefined
  /** The body is wanted whole, when it has no more bytes: for small documents, which cost less that way */
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** An answer that is not a redirect. Its body must be read to the end, destroyed or given to {@link discard}. */
export type TransportAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Readable
  /** The body of a request with a `limit`, whose `body` need not be read; absent where it has more bytes */
  readonly bytes?: Buffer | undefined
  /** Scheme, host and port that answered, after redirects */
  readonly origin: string
}

/** Makes single requests; follows redirects itself, so that credentials stay with their origin. */
export type Transport = {
  send(request: TransportRequest): Promise<TransportAnswer>
  /** Ends all connections, also those of streams still being read. */
  close(): Promise<void>
}

/** Settings of {@link createTransport}. */
export type TransportOptions = {
  /** Lets a public registry send us to loopback and private addresses; `false` when not given */
  readonly allowPrivateRedirects?: boolean
  readonly userAgent?: string
  /** Called with every request, before it is sent */
  readonly onRequest?: () => void
  /** What counts as private; {@link isPrivateAddress} when not given */
  readonly isPrivate?: (address: string) => boolean
}

const CONNECT_TIMEOUT = 15_000
const SILENCE_TIMEOUT = 60_000

/**
 * A transport over undici. A host other than the registry's own may not have a private address unless the registry has
 * one too, so that a registry on the internet cannot make this machine call its own network (server-side request forgery).
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const isPrivate = options.isPrivate ?? isPrivateAddress
  const settings = {
    // One connection for each stream: with HTTP/2 a slow reader of one layer would hold up the others.
    allowH2: false,
    headersTimeout: SILENCE_TIMEOUT,
    bodyTimeout: SILENCE_TIMEOUT,
  }
  let closed = false
  let agents: Promise<{ readonly open: Agent; readonly guarded: Agent }> | undefined
  const createAgents = async () => {
    const { Agent } = await import('./http-agent.ts')
    const open = new Agent({ ...settings, connect: { timeout: CONNECT_TIMEOUT } })
    const guarded = new Agent({ ...settings, connect: { timeout: CONNECT_TIMEOUT, lookup: guardedLookup(isPrivate) } })
    return { open, guarded }
  }

  const agentFor = async (url: URL, home: URL): Promise<Agent> => {
    // With the first request: who reads archives makes none, and the library takes its time to load.
    if (closed) throw new Error('the client was closed')
    agents ??= createAgents()
    const { open, guarded } = await agents
    if (options.allowPrivateRedirects || url.origin === home.origin) return open
    if ((await resolveAddresses(bareHost(home))).some(isPrivate)) return open
    const host = bareHost(url)
    // Connecting to a literal address asks no lookup, so the guard would not see it.
    if (isIP(host) !== 0 && isPrivate(host)) throw new PrivateAddressError(`the address is ${host}`)
    return guarded
  }

  const sendOnce = async (url: URL, request: TransportRequest, withCredentials: boolean): Promise<TransportAnswer> => {
    try {
      const agent = await agentFor(url, request.home)
      options.onRequest?.()
      const message = {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: {
          'user-agent': options.userAgent ?? 'tf-images',
          // Digests are of the bytes as stored: a server must not compress them once more on the way.
          'accept-encoding': 'identity',
          ...request.headers,
          ...(withCredentials && request.authorization !== undefined && { authorization: request.authorization }),
        },
        body: request.body ?? null,
      }
      if (request.limit === undefined) {
        const response = await agent.request({ ...message, ...(request.signal && { signal: request.signal }) })
        const { statusCode: status, headers, body } = response
        return { status, headers: flat(headers), body, origin: url.origin }
      }
      const { status, headers, bytes, isWhole } = await collectAnswer(agent, message, request.limit, request.signal)
      return {
        status,
        headers: flat(headers),
        origin: url.origin,
        ...(isWhole && { bytes }),
        get body() {
          return Readable.from([bytes])
        },
      }
    } catch (error) {
      throw networkError(error, request.subject, url.origin, request.signal)
    }
  }

  return {
    async send(request) {
      let url = request.url
      let withCredentials = true
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        const answer = await sendOnce(url, request, withCredentials)
        if (!isRedirect(answer.status)) return answer
        await discard(answer.body)
        const target = redirectTarget(request.method, url, answer.headers.location, request.subject)
        // Once lost, credentials do not come back, even when a later hop returns to the first origin.
        withCredentials &&= target.origin === url.origin
        url = target
      }
      throw new RegistryError(
        'redirect-refused',
        `${request.subject}: more than ${MAX_REDIRECTS} redirects, the last from ${url.origin}; ask the people who run the registry to repair it`,
      )
    },
    async close() {
      closed = true
      const { open, guarded } = (await agents) ?? {}
      await Promise.all([open?.destroy(), guarded?.destroy()])
    },
  }
}

/** Ends an answer nobody wants to read: a short body is read so that the connection can be used again. */
export async function discard(body: Readable): Promise<void> {
  body.on('error', () => {})
  let length = 0
  try {
    for await (const bytes of body) {
      length += (bytes as Uint8Array).length
      if (length > 16 * 1024) break
    }
  } catch {
    // The answer was not wanted: how it ends changes nothing.
  }
}

/** An unknown name counts as public: the request to it fails by itself, with the better message. */
async function resolveAddresses(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  return lookup(host, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  )
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  const joined: Record<string, string | undefined> = {}
  for (const name in headers) {
    const value = headers[name]
    joined[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return joined
}
