import { expect, test } from 'vitest'
import { bootstrapFailure } from './bootstrap-failure.ts'

const options = { release: 'bookworm', components: ['main'], sourceDateEpoch: 0, output: '/o.tar' }

test.each([
  [
    ['E: The repository is not signed.'],
    'install the keys of the distribution (apt-get install debian-archive-keyring), or give its keyring',
  ],
  [
    ['W: GPG error: NO_PUBKEY 0E98404D386FA1D9'],
    'install the keys of the distribution (apt-get install debian-archive-keyring), or give its keyring',
  ],
  [["  Temporary failure resolving 'archive.example'"], 'check the network and the mirror'],
  [['Could not connect: connection refused'], 'check the network and the mirror'],
  [["E: The repository 'x' does not have a Release file."], 'check the release, its components and the mirror'],
  [['E: Unable to locate package lesss'], 'check the names of the packages'],
  [['tar: cannot write: No space left on device'], 'free disk space'],
  [["W: /etc/subuid doesn't exist"], 'give the user a range in /etc/subuid and /etc/subgid, or run as root'],
  [['E: unshare() failed: Operation not permitted'], 'allow user namespaces, or run as root with all capabilities'],
  [
    ['W: GPG error: x InRelease: invalid: BADSIG 0E98404D386FA1D9', "E: The repository 'x' is not signed."],
    'its signature is bad or too old: check the mirror, update the keys, name an old archive as a snapshot',
  ],
  [
    ['E: Release file for x is expired (invalid since 3d)'],
    'its signature is bad or too old: check the mirror, update the keys, name an old archive as a snapshot',
  ],
  [["E: You don't have enough free space in /var/cache/apt/archives/."], 'free disk space'],
  [['E: Failed to fetch x  Hash Sum mismatch'], 'the archive changes at this time: try again'],
  [['Err:2 x', '  Error reading from server. Remote end closed connection'], 'check the network and the mirror'],
  [['E: No such script: /usr/share/debootstrap/scripts/noble'], 'check the release, its components and the mirror'],
  [
    ['E: Release signed by unknown key (key id 0E98404D386FA1D9)'],
    'install the keys of the distribution (apt-get install debian-archive-keyring), or give its keyring',
  ],
  [['W: write (28: No space left on device)', "E: The repository 'x' is not signed."], 'free disk space'],
  [
    [
      'error: base: key "0123ABCD" is unknown',
      'error: failed to commit transaction (invalid or corrupted package (PGP signature))',
    ],
    'give the folder of keys that pacman-key made for this distribution',
  ],
  [
    ['error: failed to commit transaction (invalid or corrupted package (checksum))'],
    'the archive changes at this time: try again',
  ],
  [['E: something new'], 'see its last lines'],
  [[], 'see its last lines'],
])('after %j: %s', (tail, remedy) => {
  expect(bootstrapFailure(options, { exitCode: 1, tail }).message.split('; ')[1]).toBe(remedy)
})

test('the message has the error that was first, not what followed from it', () => {
  const tail = [
    'I: running apt-get update...',
    'E: Unable to locate package lesss',
    'E: apt-get --yes install lesss failed',
    'E: run_chroot failed',
    'I: removing',
    'E: mmdebstrap failed to run',
  ]
  expect(bootstrapFailure(options, { exitCode: 25, tail })).toMatchObject({
    code: 'bootstrap-failed',
    message:
      'bootstrap of "bookworm": mmdebstrap ended with exit code 25 after "E: Unable to locate package lesss"; check the names of the packages',
    output: tail,
  })
})

test('a killed one', () => {
  expect(bootstrapFailure(options, { exitCode: undefined, tail: ['I: x'] }).message).toBe(
    'bootstrap of "bookworm": mmdebstrap was killed after "I: x"; see its last lines',
  )
})

test('packages the archive does not have, as they were asked for', () => {
  const tail = [
    'E: Unable to locate package lesss',
    "E: Package 'foo:i386' has no installation candidate",
    "E: Version '1.0' for 'less' was not found",
    'E: Unable to locate package lesss',
    'error: target not found: linuxx',
  ]
  expect(bootstrapFailure(options, { exitCode: 25, tail })).toMatchObject({
    failure: 'packages',
    packages: ['lesss', 'foo:i386', 'less=1.0', 'linuxx'],
  })
})

test('a command of the machine, with its place', () => {
  const tail = [
    'x: not found',
    'E: a/vm.yaml:7:5: the command ended with exit code 127',
    'E: setup failed: E: command failed',
  ]
  expect(bootstrapFailure(options, { exitCode: 25, tail })).toMatchObject({
    failure: 'step',
    place: 'a/vm.yaml:7:5',
    message: 'a/vm.yaml:7:5: the command ended with exit code 127 after "x: not found"; correct it',
  })
})
