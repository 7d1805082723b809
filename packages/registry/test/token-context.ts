import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach } from 'vitest'
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts'
import type { Credentials } from '../src/credentials.ts'
import { parseReference, type Reference } from '../src/reference.ts'
import { type FakeRegistry, startRegistry } from './fake-registry.ts'
import { makeImage } from './image-fixture.ts'
import { type LocalServer, sendJson, startServer } from './local-server.ts'

export const BOB: Credentials = { username: 'bob', password: 'bobs-password' }
export const BOBS_BASIC = `Basic ${Buffer.from('bob:bobs-password').toString('base64')}`

/** A registry with the images `o/app:1` and `o/other:1` and a token server, new for each test. */
export type TokenContext = {
  readonly registry: FakeRegistry
  readonly tokens: LocalServer
  /** What the registry asks for; `undefined` lets everybody in */
  challenge: string | undefined
  /** Values of `Authorization` the registry takes */
  accepted: string[]
  /** Answers for the token server; `issued` is a token the registry takes */
  answerToken: (request: IncomingMessage, response: ServerResponse, issued: string) => void
  /** A client, anonymous without credentials, that is closed after the test. */
  connect(credentials?: Credentials, options?: RegistryClientOptions): RegistryClient
  reference(name?: string): Reference
}

/** Call it once in a test file; what it gives is valid inside of tests. */
export function useTokenRegistry(): TokenContext {
  let registry: FakeRegistry
  let tokens: LocalServer
  const clients: RegistryClient[] = []
  const context: TokenContext = {
    get registry() {
      return registry
    },
    get tokens() {
      return tokens
    },
    challenge: undefined,
    accepted: [],
    answerToken: () => {},
    connect(credentials, options = {}) {
      const client = new RegistryClient({ credentials: async () => credentials, retryDelay: 1, ...options })
      clients.push(client)
      return client
    },
    reference: (name = 'o/app:1') => parseReference(`${registry.host}/${name}`),
  }

  beforeEach(async () => {
    registry = await startRegistry((request, response) => refuse(context, request, response))
    tokens = await startServer((request, response) => {
      const issued = `token-${tokens.requests.length}`
      context.accepted.push(`Bearer ${issued}`)
      context.answerToken(request, response, issued)
    })
    context.accepted = []
    context.challenge = `Bearer realm="${tokens.url}/token",service="fake"`
    context.answerToken = (_, response, issued) => sendJson(response, 200, { token: issued, expires_in: 300 })
    registry.putImage('o/app', makeImage(), '1')
    registry.putImage('o/other', makeImage(), '1')
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    await registry.close()
    await tokens.close()
  })

  return context
}

function refuse(context: TokenContext, request: IncomingMessage, response: ServerResponse): boolean {
  const { challenge, accepted } = context
  if (challenge === undefined || accepted.includes(request.headers.authorization ?? '')) return false
  sendJson(response, 401, { errors: [{ code: 'UNAUTHORIZED', message: 'log in' }] }, { 'www-authenticate': challenge })
  return true
}
