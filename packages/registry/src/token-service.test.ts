import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { startRegistry } from '../test/fake-registry.ts'
import { sendJson, startServer } from '../test/local-server.ts'
import { BOB, BOBS_BASIC, useTokenRegistry } from '../test/token-context.ts'
import { parseReference } from './reference.ts'

const context = useTokenRegistry()

describe('who was refused', () => {
  test('anonymous: credentials are missing', async () => {
    context.challenge = 'Basic realm="fake"'
    const error = await failure(context.connect().resolve(context.reference()))
    expect(error).toMatchObject({ code: 'unauthorized', status: 401, registry: context.registry.host })
    expect(error.message).toBe(
      `${context.registry.host}/o/app:1: the registry refused access (401 UNAUTHORIZED "log in"), asked anonymously; give credentials for ${context.registry.host}, or make the image public`,
    )
  })

  test('a user is named', async () => {
    context.challenge = 'Basic realm="fake"'
    const error = await failure(context.connect(BOB).resolve(context.reference()))
    expect(error.message).toContain('asked as user "bob"; check the password or token for 127.0.0.1')
  })

  test('a challenge of an unknown kind', async () => {
    context.challenge = 'Negotiate'
    expect((await failure(context.connect(BOB).resolve(context.reference()))).code).toBe('unauthorized')
  })

  test.each([
    [401, 'unauthorized'],
    [403, 'denied'],
    [404, 'unauthorized'],
    [400, 'server'],
  ])('a token server that answers %i is the error %s', async (status, code) => {
    context.answerToken = (_, response) =>
      sendJson(response, status, { errors: [{ code: 'DENIED', message: 'not you' }] })
    const error = await failure(context.connect(BOB).resolve(context.reference()))
    expect(error).toMatchObject({
      code,
      status,
      registry: context.registry.host,
      reference: `${context.registry.host}/o/app:1`,
    })
    expect(error.message).toContain(
      `${context.registry.host}: token from ${context.tokens.url}: refused (${status} DENIED "not you"), asked as user "bob" for "repository:o/app:pull"`,
    )
  })

  test.each<[string, unknown]>([
    ['no token', {}],
    ['an empty one', { token: '' }],
    ['a number', { token: 1 }],
    ['one that would forge headers', { token: 'a\r\nx: y' }],
    ['a text', 'token'],
  ])('an answer with %s', async (_, body) => {
    context.answerToken = (_, response) => sendJson(response, 200, body)
    const error = await failure(context.connect().resolve(context.reference()))
    expect(error.code).toBe('unauthorized')
    expect(error.message).toContain('the answer has no token in it')
  })

  test.each(['ftp://127.0.0.1/token', 'not a url', 'http://bob:x@127.0.0.1/token'])(
    'a token server at %s is not asked',
    async (realm) => {
      context.challenge = `Bearer realm="${realm}"`
      const error = await failure(context.connect(BOB).resolve(context.reference()))
      expect(error.code).toBe('redirect-refused')
      expect(error.message).toContain('which is not an https URL')
    },
  )
})

describe('secrets', () => {
  test('are not given to where the registry redirects, nor in answer to its challenge', async () => {
    const storage = await startServer((_, response) =>
      sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="${context.tokens.url}/steal"` }),
    )
    const lying = await startRegistry((_, response) => {
      response.writeHead(307, { location: `${storage.url}/blob?X-Signature=secret` }).end()
      return true
    })
    const error = await failure(context.connect(BOB).resolve(parseReference(`${lying.host}/o/app:1`)))
    await lying.close()
    await storage.close()
    expect(error.code).toBe('unauthorized')
    expect(error.message).toContain(
      `${storage.url}, where the registry keeps its blobs, refused access (401); try again`,
    )
    expect(error.message).not.toContain('X-Signature')
    expect(storage.requests).toMatchObject([{ authorization: undefined }])
    expect(context.tokens.requests).toHaveLength(0)
  })

  test.each([401, 403, 400, 500])('that a server sends back with %i do not get into the error', async (status) => {
    const echo = (request: IncomingMessage): object => {
      const heard = request.headers.authorization ?? ''
      const clear = Buffer.from(heard.slice(6), 'base64').toString()
      return { errors: [{ code: 'ECHO', message: `you sent ${heard}`, detail: `that is ${clear}` }] }
    }
    context.answerToken = (request, response) => sendJson(response, status, echo(request))
    const fromTokens = await failure(context.connect(BOB, { retries: 0 }).resolve(context.reference()))
    context.challenge = undefined
    const lying = await startRegistry((request, response) => {
      const basic = { 'www-authenticate': 'Basic realm="x"' }
      if (request.headers.authorization === undefined) sendJson(response, 401, {}, basic)
      else sendJson(response, status, echo(request))
      return true
    })
    const fromRegistry = await failure(
      context.connect(BOB, { retries: 0 }).resolve(parseReference(`${lying.host}/o/app:1`)),
    )
    await lying.close()
    for (const error of [fromTokens, fromRegistry]) {
      expect(error.message).toContain('ECHO "you sent Basic ***" "that is bob:***"')
      const everything = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
      expect(everything).not.toContain('bobs-password')
      expect(everything).not.toContain(BOBS_BASIC.slice(6))
    }
  })

  test('bearer tokens that a registry sends back do not get into the error', async () => {
    const lying = await startRegistry((request, response) => {
      const { authorization } = request.headers
      if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': context.challenge })
      else sendJson(response, 403, { errors: [{ code: 'DENIED', message: `bad token: ${authorization}` }] })
      return true
    })
    const error = await failure(context.connect(BOB).resolve(parseReference(`${lying.host}/o/app:1`)))
    await lying.close()
    expect(error.message).toContain('"bad token: Bearer ***"')
    expect(error.message).not.toContain('token-1')
  })
})
