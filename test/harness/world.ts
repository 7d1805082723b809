import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspectFlist } from '../../packages/cli/src/flist-inspection.ts'
import { flistMaker } from '../../packages/cli/src/flist-making.ts'
import { chunkId } from '../../packages/flist/src/index.ts'
import { type Faults, startTwin, type Twin } from '../../packages/twin/src/index.ts'
import { startRegistry } from './registry.ts'

/** A registry, a hub and a folder of their own for one test file, and the settings that make `flist` use them. */
export type World = {
  readonly folder: string
  readonly registry: string
  readonly twin: Twin
  readonly token: string
  readonly env: Readonly<Record<string, string>>
  /** Stops the hub; `startHub` brings it back with what it had, on the same ports. */
  readonly stopHub: () => Promise<void>
  readonly startHub: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export const account = 'alice.3bot'

/** @param options what goes wrong with the hub, for tests that say so */
export async function createWorld(options: { readonly faults?: Faults } = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-world-'))
  const registry = await startRegistry()
  const seed = randomBytes(32)
  const common = { ...options, root: join(folder, 'hub'), seed, inspectFlist, flistMaker, chunkId }
  let twin = await startTwin({ ...common, httpPort: 0, gatewayPort: 0, backendPort: 0 })
  const { url, gateway, backend } = twin
  const ports = { httpPort: Number(new URL(url).port), gatewayPort: gateway.port, backendPort: backend.port }
  const token = twin.mintToken(account)
  return {
    folder,
    registry: `${registry.host}/tf-images`,
    twin,
    token,
    env: {
      FLIST_REGISTRY: `${registry.host}/tf-images`,
      FLIST_HUB_URL: url,
      FLIST_HUB_GATEWAY: `hub://${gateway.host}:${gateway.port}`,
      FLIST_HUB_BACKEND: `zdb://${backend.host}:${backend.port}/default`,
      FLIST_HUB_TOKEN: token,
    },
    stopHub: () => twin.close(),
    startHub: async () => {
      twin = await startTwin({ ...common, ...ports })
    },
    [Symbol.asyncDispose]: async () => {
      await twin.close()
      await registry[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
