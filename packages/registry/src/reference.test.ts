import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { formatReference, parseReference, type Reference } from './reference.ts'

const HEX = 'a'.repeat(64)
const DIGEST = `sha256:${HEX}`

describe('parseReference', () => {
  test.each<[string, Reference]>([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['nginx:1.27', { registry: 'docker.io', repository: 'library/nginx', tag: '1.27' }],
    ['grafana/loki', { registry: 'docker.io', repository: 'grafana/loki' }],
    ['docker.io/nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['index.docker.io/library/nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['ghcr.io/o/nginx:1', { registry: 'ghcr.io', repository: 'o/nginx', tag: '1' }],
    ['GHCR.io/o/nginx', { registry: 'ghcr.io', repository: 'o/nginx' }],
    ['ghcr.io/nginx', { registry: 'ghcr.io', repository: 'nginx' }],
    ['localhost/app', { registry: 'localhost', repository: 'app' }],
    ['localhost:5000/app', { registry: 'localhost:5000', repository: 'app' }],
    ['localhost:5000', { registry: 'docker.io', repository: 'library/localhost', tag: '5000' }],
    ['myhost:5000/a/b/c:v1', { registry: 'myhost:5000', repository: 'a/b/c', tag: 'v1' }],
    ['127.0.0.1:5000/a', { registry: '127.0.0.1:5000', repository: 'a' }],
    ['[::1]:5000/a:b', { registry: '[::1]:5000', repository: 'a', tag: 'b' }],
    ['a-b/c__d/e.f:V_1.2-x', { registry: 'docker.io', repository: 'a-b/c__d/e.f', tag: 'V_1.2-x' }],
    [`alpine@${DIGEST}`, { registry: 'docker.io', repository: 'library/alpine', digest: DIGEST }],
    [`r.io/a:1@${DIGEST}`, { registry: 'r.io', repository: 'a', tag: '1', digest: DIGEST }],
    [`r.io/a@sha512:${HEX}${HEX}`, { registry: 'r.io', repository: 'a', digest: `sha512:${HEX}${HEX}` }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected)
  })

  test.each<[string, string]>([
    ['ghcr.io/Owner/App', 'the repository "Owner/App" has upper case letters; write "owner/app"'],
    ['https://ghcr.io/o/a', 'is a URL; write "ghcr.io/o/a"'],
    [HEX, `is an image id; write repository@sha256:${HEX}`],
    ['', '"library/" is not a repository'],
    ['a//b', 'is not a repository'],
    ['ghcr.io/../etc', '"../etc" is not a repository'],
    ['ghcr.io/a/', 'is not a repository'],
    ['-a', 'is not a repository'],
    ['a___b', 'is not a repository'],
    ['exa_mple.com/a', '"exa_mple.com" is not a registry host'],
    ['host:99999999/a', 'is not a registry host'],
    ['a:', '"" is not a tag'],
    ['a:-x', '"-x" is not a tag'],
    [`a:${'x'.repeat(129)}`, 'is not a tag'],
    ['a@sha256:abc', '"sha256:abc" is not a digest'],
    [`a@sha256:${HEX.toUpperCase()}`, 'is not a digest'],
    [`a@md5:${HEX}`, 'is not a digest'],
    ['a b', 'is not a repository'],
    ['a\n::error::x', 'is not a repository'],
    ['x'.repeat(300), 'has more than 255 characters'],
    ['x'.repeat(2000), 'has more than 1024 characters'],
  ])('refuses %j', async (text, problem) => {
    const error = await failure(() => parseReference(text))
    expect(error.code).toBe('bad-reference')
    expect(error.message).toContain(problem)
    expect(error.message).not.toContain('\n')
  })

  test('defaults fill in the registry and the tag that the text leaves out', () => {
    const defaults = { registry: 'ghcr.io', tag: 'latest' }
    expect(formatReference(parseReference('nginx', defaults))).toBe('ghcr.io/nginx:latest')
    expect(formatReference(parseReference('quay.io/a:1', defaults))).toBe('quay.io/a:1')
    expect(formatReference(parseReference(`a@${DIGEST}`, defaults))).toBe(`ghcr.io/a@${DIGEST}`)
  })

  test('what is formatted is read back the same', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:[.]|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/)
    const reference = fc.record(
      {
        registry: fc.constantFrom('docker.io', 'ghcr.io', 'localhost', 'localhost:5000', '[::1]:80', 'a.b-c.d:1'),
        repository: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
        tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
        digest: fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
      },
      { requiredKeys: ['registry', 'repository'] },
    )
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value))).toEqual(value)
      }),
    )
  })
})
