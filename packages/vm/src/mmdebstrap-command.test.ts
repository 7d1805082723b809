import { expect, test } from 'vitest'
import type { BootstrapOptions } from './bootstrap-options.ts'
import { mmdebstrapArguments, mmdebstrapEnvironment, privilegeOf } from './mmdebstrap-command.ts'

const folder = { path: '/t/w', setupHook: '/t/w/setup', customizeHook: '/t/w/customize', root: '/t/w/root' }
const options: BootstrapOptions = {
  release: 'bookworm',
  components: ['main'],
  sourceDateEpoch: 1_700_000_000,
  output: '/o.tar',
}
const fixed = [
  '--skip=output/dev,chroot/policy-rc.d',
  '--setup-hook=/t/w/setup',
  '--customize-hook=/t/w/customize',
  'bookworm',
  '-',
]

test('by default it is minbase from the default archive', () => {
  expect(mmdebstrapArguments(options, folder)).toEqual([
    '--mode=unshare',
    '--format=tar',
    '--variant=minbase',
    '--components=main',
    ...fixed,
  ])
})

test('variant, packages and mirror', () => {
  const more = {
    variant: 'apt',
    components: ['main', 'contrib'],
    include: ['less', 'curl'],
    mirror: 'http://archive.example/d',
  } as const
  expect(mmdebstrapArguments({ ...options, ...more }, folder)).toEqual([
    '--mode=unshare',
    '--format=tar',
    '--variant=apt',
    '--components=main,contrib',
    '--include=less,curl',
    ...fixed,
    'http://archive.example/d',
  ])
})

test('a snapshot of an archive, its keys, packages that are kept', () => {
  const more = {
    mirror: 'http://archive.example/d/',
    snapshot: '20260101T000000Z',
    keyring: '/k.gpg',
    packageCache: '/c',
  }
  expect(mmdebstrapArguments({ ...options, ...more }, folder)).toEqual([
    '--mode=unshare',
    '--format=tar',
    '--variant=minbase',
    '--components=main',
    '--keyring=/k.gpg',
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--skip=output/dev,chroot/policy-rc.d',
    '--skip=download/empty,essential/unlink',
    '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
    '--setup-hook=sync-in /c /var/cache/apt/archives',
    '--customize-hook=sync-out /var/cache/apt/archives /c',
    ...fixed.slice(1),
    'http://archive.example/d/20260101T000000Z/',
  ])
})

test('the environment is what is given, and cannot take the place of what is fixed', () => {
  const environment = { http_proxy: 'http://proxy:3128', SOURCE_DATE_EPOCH: '1' }
  expect(mmdebstrapEnvironment({ ...options, environment }, folder, ['/a', '/b'])).toEqual({
    http_proxy: 'http://proxy:3128',
    PATH: '/a:/b',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    TMPDIR: '/t/w/root',
    SOURCE_DATE_EPOCH: '1700000000',
  })
})

test('root keeps its mounts to itself, others need the tools of user namespaces', () => {
  expect(privilegeOf(true)).toEqual({
    wrapper: expect.arrayContaining(['--pdeathsig=KILL', '--propagation=private', '--kill-child=KILL']),
    cleaner: [],
    tools: { unshare: 'util-linux', setpriv: 'util-linux' },
  })
  expect(privilegeOf(false)).toEqual({
    wrapper: [],
    cleaner: ['mmdebstrap', '--unshare-helper'],
    tools: { newuidmap: 'uidmap', newgidmap: 'uidmap', unshare: 'util-linux' },
  })
})
