import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flist } from '../harness/command.ts'
import { createMachineHub } from '../harness/machine-hub.ts'

/** Emulated processors on a machine that does other things. */
const patience = 1_500_000

test(
  'a virtual machine is made, booted to cloud-init and SSH, and published; nothing is left',
  async () => {
    await using hub = await createMachineHub()
    const { env, folder } = hub
    const made = await flist(['vm', 'debian-12', '--work', join(folder, 'work'), '--json'], { env })
    expect(made.code, made.stderr).toBe(0)
    const { lint, boot, publication } = JSON.parse(made.stdout)
    expect(lint.findings).toEqual([])
    expect(boot).toMatchObject({ mode: 'vm', outcome: 'ready' })
    expect(boot.stages.map(({ stage }: { stage: string }) => stage)).toEqual(
      expect.arrayContaining(['kernel', 'init', 'login', 'cloud-init', 'ssh']),
    )
    expect(boot.checks.map(({ passed }: { passed: boolean }) => passed)).toEqual([true, true, true, true])
    const [link = ''] = publication.linkUrls
    expect(link).toBe(`${hub.url}/me.3bot/debian-12-vm.flist`)

    const doctor = await flist(['doctor', link, '--as', 'vm'], { env })
    expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringContaining('nothing is wrong')])
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(folder)
  },
  patience,
)
