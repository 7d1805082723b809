import { expect, test } from 'vitest'
import type { MachineEnd } from './machine.ts'
import { noDaemon } from './machine-script.ts'
import { judge, observeMachine } from './verdict.ts'

/** What is said of a machine that ended on its own. */
async function verdictOf(end: Partial<MachineEnd>, console = '') {
  const observed = observeMachine()
  observed.write(Buffer.from(console))
  const machine = { ended: Promise.resolve({ exitCode: 1, tail: [], daemonTail: [], ...end }) }
  const access = { port: 1, keyFile: '/nonexistent' }
  const limit = new AbortController().signal
  return judge({ machine, observed, access, limit, mode: 'vm', expectations: {} })
}

const farewell = 'virtio_loop: Unexpected poll revents 11'

test.each([
  [
    'a daemon that did not start: with what the daemon said',
    { exitCode: noDaemon, daemonTail: ['[ERROR virtiofsd] no such directory'] },
    'virtiofsd did not start; last said: [ERROR virtiofsd] no such directory',
  ],
  [
    'a daemon that did not start and says nothing',
    { exitCode: noDaemon },
    'virtiofsd did not start; last said: nothing',
  ],
  [
    'a taken port: with what QEMU said, not the daemon, which only says that QEMU is gone',
    {
      tail: ["qemu-system-x86_64: -netdev user: Could not set up host forwarding rule 'tcp::1-:22'"],
      daemonTail: [farewell],
    },
    "another program took the port for SSH meanwhile; start it again; last said: qemu-system-x86_64: -netdev user: Could not set up host forwarding rule 'tcp::1-:22'",
  ],
  [
    'anything else that QEMU ends with',
    { tail: ['qemu-system-x86_64: cannot allocate memory'], daemonTail: [farewell] },
    'the machine ended (exit code 1) before it was ready; last said: qemu-system-x86_64: cannot allocate memory',
  ],
] as const)('the reason tells %s', async (_, end, reason) => {
  expect(await verdictOf(end)).toEqual({ outcome: 'failed', reason, checks: [] })
})

test('of a machine whose QEMU says nothing the console is told', async () => {
  const { reason } = await verdictOf({ exitCode: 0, daemonTail: [farewell] }, 'reboot: Power down\n')
  expect(reason).toMatch(/\(exit code 0\) .*; last said: "reboot: Power down"$/)
})
