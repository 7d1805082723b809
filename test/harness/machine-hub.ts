import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspectFlist } from '../../packages/cli/src/flist-inspection.ts'
import { chunkId } from '../../packages/flist/src/index.ts'
import { startTwin } from '../../packages/twin/src/index.ts'

/** A hub for machines that tests make, with a folder for all that making them leaves. */
export type MachineHub = {
  readonly folder: string
  readonly url: string
  /** Settings of `flist` for this hub, whose account is `me.3bot`, and for temporary files in the folder. */
  readonly env: Readonly<Record<string, string>>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export async function createMachineHub(): Promise<MachineHub> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-vm-'))
  const ports = { httpPort: 0, gatewayPort: 0, backendPort: 0 }
  const twin = await startTwin({ root: join(folder, 'hub'), seed: randomBytes(32), inspectFlist, chunkId, ...ports })
  const { url, gateway, backend } = twin
  return {
    folder,
    url,
    env: {
      FLIST_HUB_TOKEN: twin.mintToken('me.3bot'),
      FLIST_HUB_URL: url,
      FLIST_HUB_GATEWAY: `hub://${gateway.host}:${gateway.port}`,
      FLIST_HUB_BACKEND: `zdb://${backend.host}:${backend.port}/default`,
      TMPDIR: folder,
    },
    [Symbol.asyncDispose]: async () => {
      await twin.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
