import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type RefusedRequest, statusError } from './status-error.ts'

const REQUEST: RefusedRequest = {
  subject: 'ghcr.io/o/deep/app:1',
  registry: 'ghcr.io',
  repository: 'o/deep/app',
  home: new URL('https://ghcr.io'),
  account: 'as user "bob"',
  anonymous: false,
  redact: (text) => text,
}

async function message(status: number, body: unknown = '', request: Partial<RefusedRequest> = {}, headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = { status, headers, body: Readable.from([Buffer.from(text)]), origin: 'https://ghcr.io' }
  return statusError(answer, { ...REQUEST, ...request })
}

describe('statusError', () => {
  test('403 on ghcr.io names the settings pages of the package', async () => {
    const error = await message(403, { errors: [{ code: 'DENIED', message: 'permission_denied: write_package' }] })
    expect(error.code).toBe('denied')
    expect(error.message).toBe(
      'ghcr.io/o/deep/app:1: the registry denied access (403 DENIED "permission_denied: write_package"), asked as user "bob"; ' +
        'open the package settings, https://github.com/orgs/o/packages/container/deep%2Fapp/settings (of a personal account ' +
        'https://github.com/users/o/packages/container/deep%2Fapp/settings), and add the repository under "Manage Actions access"',
    )
  })

  test.each<[number, string, Partial<RefusedRequest>, string]>([
    [401, 'unauthorized', { anonymous: true }, 'give credentials for ghcr.io, or make the image public'],
    [401, 'unauthorized', {}, 'check the password or token for ghcr.io and what it may read'],
    [403, 'denied', { registry: 'quay.io' }, 'give this account access to "o/deep/app" on quay.io'],
    [404, 'not-found', {}, 'check the spelling of repository, tag and digest, and that it was pushed'],
    [405, 'unsupported', {}, 'check that ghcr.io is an OCI registry'],
    [400, 'server', {}, 'check that ghcr.io is an OCI registry'],
    [500, 'server', {}, 'try again later'],
  ])('%i is %s with a remedy', async (status, code, request, remedy) => {
    const error = await message(status, '', request)
    expect(error).toMatchObject({ code, status })
    expect(error.message.endsWith(`; ${remedy}`)).toBe(true)
  })

  test('429 says how long to wait, and to log in if that was not done', async () => {
    const headers = { 'retry-after': '90' }
    const error = await message(429, '', { anonymous: true, account: 'anonymously' }, headers)
    expect(error).toMatchObject({ code: 'rate-limited', retryAfter: 90_000 })
    expect(error.message).toContain(
      'limits the rate of requests (429), asked anonymously; wait 90 seconds, or give credentials',
    )
    expect((await message(429)).message).toMatch(/; wait$/)
  })

  test('quotes at most three errors, cut and escaped', async () => {
    const nasty = `\n::error::\u001b[31m\u202e${'x'.repeat(500)}`
    const error = await message(500, { errors: Array(9).fill({ code: 'UNKNOWN', message: nasty, detail: { a: 1 } }) })
    expect(error.message.match(/UNKNOWN/g)).toHaveLength(3)
    expect(error.message.length).toBeLessThan(1000)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(error.message).not.toMatch(/[\u0000-\u001f\u202e]/)
  })

  test.each<[string, unknown]>([
    ['HTML', '<html>'],
    ['too much', { errors: [{ code: 'X', message: 'y'.repeat(10_000) }] }],
    ['a list', []],
    ['strange errors', { errors: [null, 1, { code: 'not a code!', message: 5 }] }],
  ])('quotes nothing of %s', async (_, body) => {
    expect((await message(500, body)).message).toContain('the registry failed (500); try again later')
  })

  test.each<[unknown, string]>([
    [{ error: 'invalid_scope', error_description: 'no' }, '(400 invalid_scope "no")'],
    [{ details: 'incorrect username or password' }, '(400 "incorrect username or password")'],
    [{ message: 'm' }, '(400 "m")'],
  ])('understands token servers: %j', async (body, text) => {
    expect((await message(400, body)).message).toContain(text)
  })
})
