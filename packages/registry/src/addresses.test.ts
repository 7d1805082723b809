import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { guardedLookup, isLoopbackHost, isPrivateAddress, PrivateAddressError } from './addresses.ts'

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a00:1',
  '::7f00:1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
])('%s is private', (address) => {
  expect(isPrivateAddress(address)).toBe(true)
})

test.each([
  '1.1.1.1',
  '9.255.255.255',
  '100.128.0.1',
  '172.15.0.1',
  '172.32.0.1',
  '192.167.1.1',
  '223.255.255.255',
  '::ffff:1.1.1.1',
  '2606:4700::1111',
  '64:ff9b::101:101',
])('%s is public', (address) => {
  expect(isPrivateAddress(address)).toBe(false)
})

test.each([
  ['localhost', true],
  ['localhost:5000', true],
  ['127.0.0.1', true],
  ['127.9.9.9:80', true],
  ['[::1]', true],
  ['[::1]:5000', true],
  ['127.0.0.1.nip.io', false],
  ['localhost.example.com', false],
  ['10.0.0.1:5000', false],
  ['[::2]', false],
  ['ghcr.io', false],
])('%s is a loopback host: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected)
})

describe('guardedLookup', () => {
  test('fails for a name with a private address', async () => {
    const lookup = promisify(guardedLookup(isPrivateAddress))
    await expect(lookup('localhost', {})).rejects.toThrow(PrivateAddressError)
    await expect(lookup('localhost', { all: true })).rejects.toThrow('localhost is at ')
  })

  test('gives what net.connect asked for otherwise: one address or all', async () => {
    const lookup = guardedLookup(() => false)
    const one = await new Promise((resolve) => lookup('localhost', { family: 4 }, (...result) => resolve(result)))
    expect(one).toEqual([null, '127.0.0.1', 4])
    const all = await new Promise((resolve) =>
      lookup('localhost', { family: 4, all: true }, (...result) => resolve(result)),
    )
    expect(all).toEqual([null, [{ address: '127.0.0.1', family: 4 }]])
  })

  test('passes on what the DNS says of an unknown name', async () => {
    const lookup = promisify(guardedLookup(isPrivateAddress))
    await expect(lookup('does-not-exist.invalid', {})).rejects.toMatchObject({ syscall: 'getaddrinfo' })
  })
})
