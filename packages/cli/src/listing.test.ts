import { expect, test } from 'vitest'
import { listingLine, modeText, nodeAsJson } from './listing.ts'

const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 1_500_000_000 }
const file = (mode: number) => ({ type: 'file' as const, size: 12, content: new Uint8Array(), ...attributes, mode })

test.each([
  [0o755, '-rwxr-xr-x'],
  [0o4755, '-rwsr-xr-x'],
  [0o4644, '-rwSr--r--'],
  [0o2755, '-rwxr-sr-x'],
  [0o1777, '-rwxrwxrwt'],
  [0o1666, '-rw-rw-rwT'],
  [0, '----------'],
])('mode %o', (mode, text) => {
  expect(modeText(file(mode))).toBe(text)
})

test('a line has mode, owner, size, time in UTC and name', () => {
  expect(listingLine('motd', file(0o644))).toBe('-rw-r--r-- 0/0                12 2017-07-14 02:40 motd')
})

test('links show their target, devices their numbers', () => {
  expect(listingLine('sh', { type: 'symlink', target: 'busybox', ...attributes })).toMatch(/ sh -> busybox$/)
  expect(listingLine('null', { type: 'character', major: 1, minor: 3, data: '1,3', ...attributes })).toMatch(
    /^c.* 1,3 /,
  )
})

test('a name with control characters stays on its line', () => {
  expect(listingLine('a\nb\u001b[2J', file(0o644))).toMatch(/ a\\x0ab\\x1b\[2J$/)
})

test('a name that is not UTF-8 is given exactly, too', () => {
  expect(nodeAsJson('\xff', file(0o644))).toMatchObject({ path: '/\ufffd', pathHex: 'ff' })
  expect(nodeAsJson('\xc3\xbc', file(0o644))).toMatchObject({ path: '/ü' })
})
