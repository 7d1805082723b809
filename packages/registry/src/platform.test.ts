import { describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { formatPlatform, parsePlatform, selectPlatform } from './platform.ts'

describe('parsePlatform', () => {
  test.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/AMD64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/i686', 'linux/386'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/v5', 'linux/arm/v5'],
    ['linux/riscv64', 'linux/riscv64'],
  ])('%s is %s', (text, expected) => {
    expect(formatPlatform(parsePlatform(text))).toBe(expected)
  })

  test.each(['', 'linux', 'linux/', '/amd64', 'linux/arm/v7/x', 'linux/arm/', 'linux/a b'])(
    'refuses %j',
    async (text) => {
      const error = await failure(() => parsePlatform(text))
      expect(error.code).toBe('bad-reference')
      expect(error.message).toContain('write for example "linux/arm64"')
    },
  )
})

describe('selectPlatform', () => {
  test.each<[wanted: string, offered: string[], chosen: string | undefined]>([
    ['linux/amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', ['linux/amd64/v2', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', ['linux/amd64/v2'], undefined],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v2'],
    ['linux/amd64', ['windows/amd64'], undefined],
    ['linux/amd64', ['unknown/unknown'], undefined],
    ['linux/arm64', ['linux/arm64/v8'], 'linux/arm64/v8'],
    ['linux/arm64/v8', ['linux/arm64'], 'linux/arm64'],
    ['linux/arm64', ['linux/arm/v7'], undefined],
    ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6'],
    ['linux/arm/v6', ['linux/arm/v7', 'linux/arm/v5'], 'linux/arm/v5'],
    ['linux/arm/v6', ['linux/arm/v7'], undefined],
    ['linux/mips/softfloat', ['linux/mips', 'linux/mips/softfloat'], 'linux/mips/softfloat'],
    ['linux/s390x', [], undefined],
  ])('%s of %j', (wanted, offered, chosen) => {
    const candidates = offered.map((text) => ({ platform: parsePlatform(text) }))
    const found = selectPlatform(candidates, parsePlatform(wanted))
    expect(found && formatPlatform(found.platform)).toBe(chosen)
  })

  test('what has no platform is never chosen', () => {
    expect(selectPlatform([{}, {}], parsePlatform('linux/amd64'))).toBeUndefined()
  })
})
