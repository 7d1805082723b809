import { expect, test } from 'vitest'
import { type BootstrapOptions, checkOptions } from './bootstrap-options.ts'

const good: BootstrapOptions = { release: 'bookworm', components: ['main'], sourceDateEpoch: 0, output: 'o.tar' }

test.each<[string, Partial<BootstrapOptions>]>([
  ['the least', {}],
  ['components', { components: ['main', 'contrib', 'non-free-firmware'] }],
  ['packages', { include: ['less', 'g++', 'libc6:amd64', 'less=590-2.1~deb12u2', 'less/bookworm-backports'] }],
  ['mirrors', { mirror: 'https://archive.example/debian' }],
  ['a snapshot', { mirror: 'https://archive.example/debian', snapshot: '20260101T000000Z' }],
  ['files', { keyring: '/usr/share/keyrings/a.gpg', packageCache: '/var/cache/p' }],
  ['another tool', { tool: 'debootstrap', variant: 'minbase' }],
  ['variants', { variant: 'apt' }],
])('%s', (_name, options) => {
  expect(() => checkOptions({ ...good, ...options })).not.toThrow()
})

test('what would be taken for an option, a file or a pattern is refused, all at once', () => {
  const options = {
    release: '--setup-hook=x',
    components: ['main universe'],
    include: ['-oX', '/tmp/a.deb', '?priority(required)', 'a,b', './a'],
    mirror: 'deb http://x y z',
    sourceDateEpoch: -1,
    variant: 'huge' as 'apt',
    output: 'o.tar',
  }
  expect(() => checkOptions(options)).toThrow(
    'bootstrap: release "--setup-hook=x" is not a code name, component "main universe" is not a name, ' +
      'variant "huge" is not one of essential, apt, minbase, important, standard, ' +
      'package "-oX" is not a name, package "/tmp/a.deb" is not a name, package "?priority(required)" is not a name, ' +
      'package "a,b" is not a name, package "./a" is not a name, mirror is not a URL without a password and blanks, ' +
      'sourceDateEpoch is not a time; correct the options',
  )
})

test.each(['http://archive.example/a b', 'http://archive.example/\nSigLevel = Never'])(
  'a mirror that would be more than one word of a list: %j',
  (mirror) => expect(() => checkOptions({ ...good, mirror })).toThrow('mirror is not a URL'),
)

test('a password of the mirror would end up in the image', () => {
  expect(() => checkOptions({ ...good, mirror: 'https://me:hunter22@archive.example/' })).toThrow(
    expect.objectContaining({ code: 'invalid-options', message: expect.not.stringContaining('hunter22') }),
  )
})

test('a snapshot is of an archive, and paths are what no shell takes apart', () => {
  const options = { snapshot: 'yesterday', keyring: 'a.gpg', packageCache: '/a b' }
  expect(() => checkOptions({ ...good, ...options })).toThrow(
    'bootstrap: snapshot "yesterday" is not a time like "20260101T000000Z", snapshot has no mirror it is of, ' +
      'keyring "a.gpg" is not an absolute path of letters, digits and "./@+-_", ' +
      'packageCache "/a b" is not an absolute path of letters, digits and "./@+-_"; correct the options',
  )
})

test('debootstrap makes the minimal system', () => {
  expect(() => checkOptions({ ...good, tool: 'debootstrap', variant: 'standard' })).toThrow(
    'variant "standard" is none that debootstrap makes here',
  )
})

test('there has to be a component', () => {
  expect(() => checkOptions({ ...good, components: [] })).toThrow('components are missing')
})
