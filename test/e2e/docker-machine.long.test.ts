import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flist } from '../harness/command.ts'
import { createMachineHub } from '../harness/machine-hub.ts'

/** Emulated, the engine alone takes minutes to be up. */
const patience = 2_400_000

test(
  'the machine with the Docker engine of a snippet is published when the engine answers in it',
  async () => {
    await using hub = await createMachineHub()
    const made = await flist(['vm', 'debian-12-docker', '--work', join(hub.folder, 'work'), '--json'], { env: hub.env })
    expect(made.code, made.stderr).toBe(0)
    const { boot, publication } = JSON.parse(made.stdout)
    expect(boot.outcome).toBe('ready')
    expect(boot.checks.filter(({ passed }: { passed: boolean }) => !passed)).toEqual([])
    expect(boot.checks.map(({ name }: { name: string }) => name).join('\n')).toContain('docker info')
    expect(publication.linkUrls).toEqual([`${hub.url}/me.3bot/debian-12-docker-vm.flist`])
  },
  patience,
)
