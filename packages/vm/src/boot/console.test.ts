import { describe, expect, test } from 'vitest'
import { plainLine, readConsoleLine } from './console-events.ts'
import { type ConsoleLine, createConsoleLog } from './console-log.ts'

describe('stages', () => {
  test.each([
    ['[    0.000000] Linux version 6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org)', 'kernel'],
    ['[    3.112233] Run /init as init process', 'initrd'],
    ['Loading, please wait...', 'initrd'],
    ['[    6.6] systemd[1]: systemd 252.39-1~deb12u1 running in system mode', 'init'],
    ['Welcome to Debian GNU/Linux 12 (bookworm)!', 'init'],
    ['zmachine login: ', 'login'],
    ['[  OK  ] Reached target getty.target - Login Prompts.', 'login'],
    ['[  101.3] cloud-init[512]: Cloud-init v. 22.4.2 finished at Tue. Datasource DataSourceNoCloud', 'cloud-init'],
    ['flist-boot: starting /start.sh', 'entrypoint'],
  ])('%s', (line, stage) => expect(readConsoleLine(line)).toEqual({ kind: 'stage', stage }))
})

describe('failures, as the consoles of machines made to fail had them', () => {
  test.each([
    ['mount: No such device', 'the initial RAM disk has no virtiofs'],
    ['Failed to mount vroot as root file system.', 'the initial RAM disk has no virtiofs'],
    [
      '[    2.4] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
      'the kernel has no initial RAM disk that mounts virtiofs',
    ],
    [
      '[    2.4] VFS: Cannot open root device "vroot" or unknown-block(0,0): error -19',
      'the kernel has no initial RAM disk that mounts virtiofs',
    ],
    ['qemu-system-x86_64: Error loading uncompressed kernel without PVH ELF Note', 'the kernel has no PVH note'],
    ["Target filesystem doesn't have requested /sbin/init.", 'there is no init in the root file system'],
    ['run-init: /sbin/init: No such file or directory', 'there is no init in the root file system'],
    ['run-init: opening console: No such file or directory', 'the initial RAM disk can not start init; is /dev there?'],
    ['No init found. Try passing init= bootarg.', 'the initial RAM disk can not start init; is /dev there?'],
    [
      'Root device mounted successfully, but /app does not exist. Bailing out',
      'the entrypoint is not there, not executable, or behind an absolute link',
    ],
    ['[  4.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000', 'the entrypoint ended'],
    [
      '[  4.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00',
      'the entrypoint or init failed',
    ],
    ['You are in emergency mode. After logging in, type "journalctl -xb"', 'systemd could not start what it must'],
    ['Rebooting automatically due to panic= boot argument', 'the machine started again'],
    ['KVM internal error. Suberror: 1', 'KVM does not work on this machine'],
  ])('%s', (line, reason) => expect(readConsoleLine(line)).toEqual({ kind: 'failure', reason }))
})

test.each([
  '',
  'Welcome to GRUB!',
  'Starting ssh.service...',
  'a login: prompt in the middle',
  'Linux version of something',
])('%j tells nothing', (line) => {
  expect(readConsoleLine(line)).toBeUndefined()
})

test('decoration of a terminal is not part of a line, UTF-8 is', () => {
  expect(plainLine('\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mx\x1b[0m.\r')).toBe('  OK  ] Started x.')
  expect(plainLine(Buffer.from('a…b').toString('latin1'))).toBe('a…b')
})

/** Writes parts to a log, one millisecond apart. */
function record(...parts: readonly string[]) {
  const events: string[] = []
  const seen: ConsoleLine[] = []
  let time = 0
  const log = createConsoleLog(
    () => time,
    (event, { at }) => events.push(`${at} ${event.kind === 'stage' ? event.stage : event.reason}`),
    (line) => seen.push(line),
  )
  for (const part of parts) {
    time += 1
    log.write(Buffer.from(part))
  }
  return { events, seen, lines: log.lines() }
}

test('lines have the time of their end, however they come', () => {
  const { lines, seen, events } = record('one\r\nLinux ', 'version 6.1', '.0\nthr', 'ee')
  expect(seen).toEqual([
    { at: 1, text: 'one' },
    { at: 3, text: 'Linux version 6.1.0' },
  ])
  expect(lines).toEqual([...seen, { at: 4, text: 'three' }])
  expect(events).toEqual(['3 kernel'])
})

test('a login prompt is seen before its line ends, and once', () => {
  expect(record('zmachine lo', 'gin: ', '\n').events).toEqual(['2 login'])
})

test('what is logged after a prompt is a line of its own', () => {
  const log = '[  101.3] cloud-init[512]: Cloud-init v. 22.4.2 finished at Sun'
  const { events, seen } = record(`zmachine login: ${log}\r\n`)
  expect(events).toEqual(['1 login', '1 cloud-init'])
  expect(seen.map(({ text }) => text)).toEqual(['zmachine login: ', log])
  // The prompt was told when it came.
  expect(record('zmachine login: ', `${log}\n`).events).toEqual(['1 login', '2 cloud-init'])
})

test('a machine that writes for ever costs bounded memory', () => {
  const { lines } = record('x'.repeat(10_000_000), `\n${'y\n'.repeat(20_000)}`)
  expect(lines).toHaveLength(5_000)
  expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThanOrEqual(4_096)
})
