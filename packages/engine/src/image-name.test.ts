import { expect, test } from 'vitest'
import { parseImageName, registryKey } from './image-name.ts'

const digest = `sha256:${'a'.repeat(64)}`

test.each([
  ['debian', 'debian', undefined, false],
  ['debian:12', 'debian', '12', false],
  ['localhost:5000/a/b', 'localhost:5000/a/b', undefined, false],
  ['localhost:5000/a/b:c', 'localhost:5000/a/b', 'c', false],
  [`ghcr.io/o/n@${digest}`, 'ghcr.io/o/n', digest, true],
  [`ghcr.io/o/n:1@${digest}`, 'ghcr.io/o/n', digest, true],
])('%s', (reference, repository, version, isDigest) => {
  expect(parseImageName(reference)).toEqual({ repository, version, isDigest })
})

test.each(['', 'a b', 'a?tag=b', '../containers/x', 'a/../b', 'a//b', '-f', 'a%2fb'])('%j is refused', (reference) => {
  expect(() => parseImageName(reference)).toThrow(expect.objectContaining({ code: 'invalid-reference' }))
})

test.each([
  ['debian:12', 'https://index.docker.io/v1/'],
  ['library/debian', 'https://index.docker.io/v1/'],
  ['docker.io/library/debian', 'https://index.docker.io/v1/'],
  ['ghcr.io/o/n', 'ghcr.io'],
  ['localhost/o/n', 'localhost'],
  ['host:5000/n', 'host:5000'],
])('credentials for %s are those of %s', (reference, key) => {
  expect(registryKey(reference)).toBe(key)
})
