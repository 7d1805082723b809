import { beforeEach, describe, expect, test } from 'vitest'
import { bodyOf, sendJson } from '../test/local-server.ts'
import { BOB, BOBS_BASIC, useTokenRegistry } from '../test/token-context.ts'

const context = useTokenRegistry()

describe('bearer tokens', () => {
  test('are asked for anonymously when there are no credentials', async () => {
    await context.connect().resolve(context.reference())
    expect(context.tokens.requests).toMatchObject([{ method: 'GET', authorization: undefined }])
    const asked = new URL(context.tokens.requests[0]?.path ?? '', context.tokens.url).searchParams
    expect(Object.fromEntries(asked)).toEqual({ service: 'fake', scope: 'repository:o/app:pull' })
  })

  test('are asked for with Basic credentials', async () => {
    await context.connect(BOB).head(context.reference())
    expect(context.tokens.requests).toMatchObject([{ authorization: BOBS_BASIC }])
    expect(context.registry.requests.map(({ authorization }) => authorization)).toEqual([undefined, 'Bearer token-1'])
  })

  test('credentials are looked up by the name of the registry', async () => {
    const asked: string[] = []
    const credentials = async (name: string): Promise<undefined> => {
      asked.push(name)
    }
    await context.connect(undefined, { credentials }).head(context.reference())
    expect(asked).toEqual([context.registry.host])
  })

  test('the scope of the challenge wins', async () => {
    const { url } = context.tokens
    context.challenge = `Bearer realm="${url}/token?a=b",service="fake",scope="repository:prefix/o/app:pull"`
    await context.connect().head(context.reference())
    const asked = new URL(context.tokens.requests[0]?.path ?? '', url).searchParams
    expect(Object.fromEntries(asked)).toEqual({ a: 'b', service: 'fake', scope: 'repository:prefix/o/app:pull' })
  })

  test('are kept for a repository, and not used for another', async () => {
    const client = context.connect()
    await client.resolve(context.reference())
    await client.resolve(context.reference())
    expect(context.tokens.requests).toHaveLength(1)
    await client.resolve(context.reference('o/other:1'))
    expect(context.tokens.requests).toHaveLength(2)
    expect(context.registry.requests.find(({ path }) => path.includes('o/other'))?.authorization).toBeUndefined()
  })

  test('tagging asks for a token of its own, to push', async () => {
    const client = context.connect(BOB)
    const image = await client.resolve(context.reference())
    await client.tag(context.reference(), image.digest, 'next')
    const scopes = context.tokens.requests.map(({ path }) =>
      new URL(path, context.tokens.url).searchParams.get('scope'),
    )
    expect(scopes).toEqual(['repository:o/app:pull', 'repository:o/app:pull,push'])
  })

  test('are renewed when they expire', async () => {
    context.answerToken = (_, response, issued) => sendJson(response, 200, { token: issued, expires_in: 1 })
    const client = context.connect()
    await client.head(context.reference())
    await client.head(context.reference())
    expect(context.tokens.requests).toHaveLength(2)
    expect(context.registry.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      'Bearer token-1',
      undefined,
      'Bearer token-2',
    ])
  })

  test('are renewed when the registry stops taking them', async () => {
    const client = context.connect()
    await client.head(context.reference())
    context.accepted = []
    await client.head(context.reference())
    expect(context.tokens.requests).toHaveLength(2)
  })

  test('are asked for once by requests at the same time', async () => {
    const client = context.connect()
    await Promise.all(Array.from({ length: 10 }, () => client.head(context.reference())))
    expect(context.tokens.requests).toHaveLength(1)
  })

  test('of OAuth2 servers are called access_token', async () => {
    context.answerToken = (_, response, issued) => sendJson(response, 200, { access_token: issued })
    expect(await context.connect().head(context.reference())).toBeDefined()
  })

  test('an identity token is posted, not sent as a password', async () => {
    const bodies: string[] = []
    context.answerToken = async (request, response, issued) => {
      bodies.push((await bodyOf(request)).toString())
      sendJson(response, 200, { access_token: issued })
    }
    await context.connect({ username: '', password: '', identityToken: 'refresh me' }).head(context.reference())
    expect(context.tokens.requests).toMatchObject([{ method: 'POST', path: '/token', authorization: undefined }])
    expect(Object.fromEntries(new URLSearchParams(bodies[0]))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'tf-images',
      refresh_token: 'refresh me',
      service: 'fake',
      scope: 'repository:o/app:pull',
    })
  })

  test('a busy token server is asked again', async () => {
    context.answerToken = (_, response, issued) =>
      context.tokens.requests.length < 3 ? sendJson(response, 503, {}) : sendJson(response, 200, { token: issued })
    expect(await context.connect().head(context.reference())).toBeDefined()
    expect(context.tokens.requests).toHaveLength(3)
  })

  test('an abort ends the wait for a token, not that of others', async () => {
    let answer = (): void => {}
    context.answerToken = (_, response, issued) => {
      answer = () => sendJson(response, 200, { token: issued })
    }
    const client = context.connect()
    const controller = new AbortController()
    const impatient = client.head(context.reference(), { signal: controller.signal })
    const patient = client.head(context.reference())
    const aborted = expect(impatient).rejects.toThrow('enough')
    while (context.tokens.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(new Error('enough'))
    await aborted
    answer()
    expect(await patient).toBeDefined()
  })
})

describe('basic authentication', () => {
  beforeEach(() => {
    context.challenge = 'Basic realm="fake"'
  })

  test('is used after the challenge, then at once, for every repository', async () => {
    context.accepted = [BOBS_BASIC]
    const client = context.connect(BOB)
    await client.head(context.reference())
    await client.head(context.reference('o/other:1'))
    expect(context.registry.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      BOBS_BASIC,
      BOBS_BASIC,
    ])
  })

  test('a bearer challenge beside it is preferred', async () => {
    const { url } = context.tokens
    context.challenge = `Basic realm="x", Bearer realm="${url}/token"`
    await context.connect(BOB).head(context.reference())
    expect(context.tokens.requests).toHaveLength(1)
  })
})
