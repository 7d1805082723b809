import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { judge, observeMachine } from './verdict.ts'

/** The console of Debian 12 as it started, without what says nothing about how far it is. */
let recorded: readonly string[]
beforeAll(async () => {
  const file = join(import.meta.dirname, '..', '..', 'test', 'consoles', 'debian-12.txt')
  recorded = (await readFile(file, 'latin1')).trimEnd().split('\n')
})

/** Something that takes connections and says nothing, as a port that QEMU forwards to a guest without a daemon. */
async function silentPort(): Promise<number> {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The verdict on a machine that runs for ever and says no more after a line of the record. */
async function verdictAfter(last: RegExp | undefined, milliseconds = 300) {
  await using folder = await temporaryFolder()
  const observed = observeMachine()
  const end = last === undefined ? recorded.length : recorded.findIndex((line) => last.test(line)) + 1
  expect(end).toBeGreaterThan(0)
  observed.write(Buffer.from(`${recorded.slice(0, end).join('\r\n')}\r\n`, 'latin1'))
  const access = { port: await silentPort(), keyFile: join(folder.path, 'no-key') }
  const ended = new Promise<never>(() => {})
  const limit = AbortSignal.timeout(milliseconds)
  const began = performance.now()
  const verdict = await judge({ machine: { ended }, observed, access, limit, mode: 'vm', expectations: {} })
  // A hung ssh gets a second to end, and this machine may have more to do.
  expect(performance.now() - began).toBeLessThan(milliseconds + 10_000)
  return { ...verdict, reason: verdict.reason?.replace(/in \d+ s/, 'in time') }
}

test.each<[string, RegExp, string]>([
  [
    'the kernel',
    /Freeing unused decrypted memory/,
    'no login in time, it got as far as kernel; last on the console: "[    4.380795] Freeing unused decrypted memory: 2036K"',
  ],
  [
    'the initial RAM disk',
    /^Begin: Mounting root file system/,
    'no login in time, it got as far as initrd; last on the console: "Begin: Mounting root file system ... Begin: Running /scripts/local-top ... done."',
  ],
  [
    'systemd',
    /Starting systemd-networkd-/,
    'no login in time, it got as far as init; last on the console: "Starting systemd-networkd-…it for Network to be Configured..."',
  ],
  [
    'cloud-init',
    /running 'modules:final'/,
    `no cloud-init in time, it got as far as login; last on the console: "[  100.281590] cloud-init[404]: Cloud-init v. 22.4.2 running 'modules:final' at Sun, 22 Nov 2026 05:07:58 +0000. Up 99.75 seconds."`,
  ],
])('a machine that hangs in %s is told with what came last', async (_stage, last, reason) => {
  expect(await verdictAfter(last)).toEqual({ outcome: 'timeout', reason, checks: [] })
})

test('a machine whose SSH daemon never answers is told, though its console has all', async () => {
  const { outcome, reason } = await verdictAfter(undefined, 2_000)
  expect(outcome).toBe('timeout')
  expect(reason).toMatch(
    /^no ssh in time, it got as far as cloud-init; last on the console: ".*Cloud-init v\. .* finished at /,
  )
})

test('a container need not have an SSH daemon, unless somebody is to log in', async () => {
  await using folder = await temporaryFolder()
  const access = { port: await silentPort(), keyFile: join(folder.path, 'no-key') }
  const outcome = async (login: boolean) => {
    const observed = observeMachine()
    observed.write(Buffer.from('flist-boot: starting /start.sh\r\n'))
    const common = { machine: { ended: new Promise<never>(() => {}) }, observed, access, mode: 'container' as const }
    return judge({ ...common, limit: AbortSignal.timeout(4_000), expectations: { login } })
  }
  expect(await outcome(false)).toMatchObject({ outcome: 'ready' })
  expect(await outcome(true)).toMatchObject({ outcome: 'timeout', reason: expect.stringMatching(/^no ssh in \d+ s/) })
})
