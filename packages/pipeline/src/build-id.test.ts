import { expect, test } from 'vitest'
import { buildId, shortBuildId } from './build-id.ts'

const inputs = { contextHash: 'a'.repeat(64), baseDigest: 'sha256:b', platform: 'linux/amd64', buildArguments: {} }

test('equal inputs give the same id, in whatever order they are named', () => {
  const { platform, baseDigest, contextHash, buildArguments } = inputs
  expect(buildId({ platform, buildArguments, baseDigest, contextHash })).toBe(buildId(inputs))
})

test.each([
  { contextHash: 'c' },
  { baseDigest: 'sha256:c' },
  { platform: 'linux/arm64' },
  { buildArguments: { HASH: 'd' } },
])('%o changes the id', (change) => {
  expect(buildId({ ...inputs, ...change })).not.toBe(buildId(inputs))
})

test('names carry the first twelve digits', () => {
  expect(shortBuildId('0123456789abcdef')).toBe('0123456789ab')
})
