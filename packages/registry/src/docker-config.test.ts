import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { parseDockerConfig } from './docker-config.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64')
const config = (value: unknown): string => JSON.stringify(value)
const BOB = { username: 'bob', password: 'pass:word' }
const BOBS = { auth: encode('bob:pass:word') }

describe('parseDockerConfig finds', () => {
  test.each<[string, string, unknown]>([
    ['a host', 'ghcr.io', { 'ghcr.io': BOBS }],
    ['a host with a port', 'localhost:5000', { 'localhost:5000': BOBS }],
    ['a URL', 'ghcr.io', { 'https://ghcr.io': BOBS }],
    ['an old URL', 'ghcr.io', { 'https://ghcr.io/v1/': BOBS }],
    ['Docker Hub by its old name', 'docker.io', { 'https://index.docker.io/v1/': BOBS }],
    ['Docker Hub by its name', 'docker.io', { 'docker.io': BOBS }],
    ['user name and password in clear', 'ghcr.io', { 'ghcr.io': BOB }],
    ['padding of Docker', 'ghcr.io', { 'ghcr.io': { auth: encode('bob:pass:word\0\0') } }],
  ])('%s', (_, registry, auths) => {
    expect(parseDockerConfig(config({ auths }), registry)).toEqual(BOB)
  })

  test('an identity token', () => {
    const auths = { 'x.azurecr.io': { auth: encode('00000000-0000-0000-0000-000000000000:'), identitytoken: 'tok' } }
    expect(parseDockerConfig(config({ auths }), 'x.azurecr.io')).toEqual({
      username: '00000000-0000-0000-0000-000000000000',
      password: '',
      identityToken: 'tok',
    })
  })

  test.each<[string, string, unknown]>([
    ['another host', 'ghcr.io', { auths: { 'quay.io': BOBS } }],
    ['a host that only begins the same', 'ghcr.io', { auths: { 'ghcr.io.evil.example': BOBS } }],
    ['a path of Podman', 'ghcr.io', { auths: { 'ghcr.io/bob/app': BOBS } }],
    ['another port', 'ghcr.io', { auths: { 'ghcr.io:8443': BOBS } }],
    ['no auths', 'ghcr.io', {}],
    ['auths of another type', 'ghcr.io', { auths: ['ghcr.io'] }],
    ['an empty entry', 'ghcr.io', { auths: { 'ghcr.io': {} } }],
    ['a helper for all that was never used', 'ghcr.io', { auths: {}, credsStore: 'desktop' }],
    ['a helper of another registry', 'ghcr.io', { credHelpers: { 'gcr.io': 'gcloud' } }],
  ])('nothing for %s', (_, registry, value) => {
    expect(parseDockerConfig(config(value), registry)).toBeUndefined()
  })
})

test.each([{ credHelpers: { 'ghcr.io': 'gh' } }, { auths: { 'ghcr.io': {} }, credsStore: 'gh' }])(
  'a credential helper is named: %j',
  async (value) => {
    const error = await failure(() => parseDockerConfig(config(value), 'ghcr.io'))
    expect(error.code).toBe('unsupported')
    expect(error.message).toContain('the credentials of "ghcr.io" are kept by "docker-credential-gh"')
  },
)

test.each([
  ['text that is no JSON', '{"auths":{"ghcr.io":{"auth":"c2VjcmV0'],
  ['a list', '["c2VjcmV0"]'],
  ['auth without a colon', config({ auths: { 'ghcr.io': { auth: encode('c2VjcmV0') } } })],
])('%s is an error that shows nothing of it', async (_, text) => {
  const error = await failure(() => parseDockerConfig(text, 'ghcr.io'))
  expect(error.code).toBe('bad-config')
  expect(error.message).toContain('log in again with docker login')
  expect(`${error.message}${String(error.cause)}`).not.toContain('c2VjcmV0')
})
