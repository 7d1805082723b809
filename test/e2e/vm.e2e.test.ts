import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectFlist } from '../../packages/cli/src/flist-inspection.ts'
import { chunkId } from '../../packages/flist/src/index.ts'
import { startTwin, type Twin } from '../../packages/twin/src/index.ts'
import { flist } from '../harness/command.ts'

/** Emulated processors on a machine that does other things. */
const patience = 1_500_000

let folder: string
let twin: Twin
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-vm-'))
  const ports = { httpPort: 0, gatewayPort: 0, backendPort: 0 }
  twin = await startTwin({ root: join(folder, 'hub'), seed: randomBytes(32), inspectFlist, chunkId, ...ports })
})
afterAll(async () => {
  await twin.close()
  await rm(folder, { recursive: true, force: true })
})

test(
  'a virtual machine is made, booted to cloud-init and SSH, and published; nothing is left',
  async () => {
    const env = {
      FLIST_HUB_TOKEN: twin.mintToken('me.3bot'),
      FLIST_HUB_URL: twin.url,
      FLIST_HUB_GATEWAY: `hub://${twin.gateway.host}:${twin.gateway.port}`,
      FLIST_HUB_BACKEND: `zdb://${twin.backend.host}:${twin.backend.port}/default`,
      TMPDIR: folder,
    }
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
    expect(link).toBe(`${twin.url}/me.3bot/debian-12-vm.flist`)

    const doctor = await flist(['doctor', link, '--as', 'vm'], { env })
    expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringContaining('nothing is wrong')])
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(folder)
  },
  patience,
)
