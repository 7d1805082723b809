import { expect, test } from 'vitest'
import { comparePackages, parsePackages } from './packages.ts'

const dpkg = `Package: nginx
Status: install ok installed
Version: 1.22.1-9
Description: a server
 Package: not a field

Package: gone
Status: deinstall ok config-files
Version: 1.0
`

test('packages of dpkg are those that are installed', () => {
  expect([...parsePackages(dpkg)]).toEqual([['nginx', '1.22.1-9']])
})

test('packages of apk', () => {
  expect([...parsePackages('C:Q1\nP:musl\nV:1.2.5-r0\n\nP:busybox\nV:1.36\n')]).toEqual([
    ['musl', '1.2.5-r0'],
    ['busybox', '1.36'],
  ])
})

test('differences are by name, and sorted', () => {
  const before = new Map([
    ['b', '1'],
    ['a', '1'],
    ['same', '1'],
  ])
  const now = new Map([
    ['same', '1'],
    ['a', '2'],
    ['c', '1'],
  ])
  expect(comparePackages(before, now)).toEqual({
    added: [{ name: 'c', version: '1' }],
    removed: [{ name: 'b', version: '1' }],
    changed: [{ name: 'a', from: '1', to: '2' }],
  })
})
