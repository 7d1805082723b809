import { readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyExample, createRepository } from '../act/workflow-repository.ts'
import { runWorkflow } from '../act/workflow-run.ts'
import { flist } from '../harness/command.ts'
import { createMachineHub, type MachineHub } from '../harness/machine-hub.ts'

/** Machines that are bootstrapped, started and published for real. Two at a time: the second is made while the first one starts. */
let hub: MachineHub
beforeAll(async () => {
  hub = await createMachineHub()
})
afterAll(async () => hub[Symbol.asyncDispose]())

/** Emulated processors on a machine that does other things. */
const patience = 1_500_000
const first = Promise.withResolvers<void>()

test.concurrent(
  'a virtual machine is made, booted to cloud-init and SSH, and published; nothing is left',
  async () => {
    const { env, folder } = hub
    const made = await flist(['vm', 'debian-12', '--work', join(folder, 'work'), '--json'], {
      env,
      onStart: (_kill, stderr) => stderr.on('data', (text) => String(text).includes('· boot:') && first.resolve()),
    }).finally(first.resolve)
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

test.concurrent(
  "example: an outsider's virtual machine, from a push by our workflow to its link on the hub",
  async () => {
    const { env, folder } = hub
    const ours = await createRepository(join(folder, 'ours'), {
      'recipes.yaml': { registry: 'ghcr.io/example/images', bases: {} },
    })
    const file = '.github/workflows/machines.yml'
    const { FLIST_HUB_URL, FLIST_HUB_GATEWAY, FLIST_HUB_BACKEND, FLIST_HUB_TOKEN: token = '' } = env
    const settings = `hub-url: "${FLIST_HUB_URL}", hub-gateway: "${FLIST_HUB_GATEWAY}", hub-backend: "${FLIST_HUB_BACKEND}"`
    const outsider = await copyExample('vm', join(folder, 'outsider'), [[file, '{ names:', `{ ${settings}, names:`]])
    await first.promise
    const { code, log } = await runWorkflow({
      repository: outsider,
      workflow: file,
      event: 'push',
      secrets: { HUB_TOKEN: token, GITHUB_TOKEN: 'none' },
      repositories: { 'threefoldtech/tf-images@v1': ours },
      actions: ours,
      folder,
    })
    expect(code, log).toBe(0)
    expect(log).not.toContain(token)
    expect(await readlink(join(folder, 'hub', 'users', 'me.3bot', 'workshop-vm.flist'))).toMatch(/^workshop-vm-/)
  },
  patience,
)
