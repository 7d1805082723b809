import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspectFlist } from '../../packages/cli/src/flist-inspection.ts'
import {
  type ChunkList,
  type ChunkStore,
  chunkId,
  createChunkWriter,
  type FlistMetadata,
  type Node,
  openChunkStore,
  writeFlist,
} from '../../packages/flist/src/index.ts'
import { type HubSettings, PhaseRunner, type Publication } from '../../packages/pipeline/src/index.ts'
import { publishFlist } from '../../packages/pipeline/src/publishing/index.ts'
import { Faults, startTwin, type Twin, type TwinOptions } from '../../packages/twin/src/index.ts'

/** A hub whose faults can be switched on, a local chunk store, and flists to publish. */
export type PublishingWorld = {
  readonly folder: string
  readonly twin: Twin
  readonly faults: Faults
  readonly local: ChunkStore
  /** The chunks of the hub, on its disk. */
  readonly hubChunks: ChunkStore
  /** Settings of a publisher, with short pauses between attempts. */
  settings(account: string, change?: Partial<HubSettings>): HubSettings
  /** Writes a flist with these files, and its chunks to a store, the local one unless told. */
  makeFlist(
    files: Readonly<Record<string, string | Uint8Array>>,
    options?: { readonly metadata?: FlistMetadata; readonly chunks?: ChunkStore },
  ): Promise<string>
  /** All that progress said, of everything that was published here. */
  readonly progress: string[]
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const MEMORY = '/dev/shm'
const ATTRIBUTES = { uid: 0, gid: 0, mtime: 1_700_000_000 }

export async function createPublishingWorld(options: Partial<TwinOptions> = {}): Promise<PublishingWorld> {
  // Thousands of small files: a disk would be most of what is waited for. Whatever else is opened meanwhile goes there, too.
  if (existsSync(MEMORY)) process.env.TMPDIR = MEMORY
  const folder = await mkdtemp(join(tmpdir(), 'flist-publishing-'))
  const faults = options.faults ?? new Faults()
  const root = join(folder, 'hub')
  const twin = await startTwin({ root, seed: randomBytes(32), inspectFlist, chunkId, ...options, faults })
  const local = await openChunkStore(join(folder, 'chunks'))
  const hubChunks = await openChunkStore(join(root, 'chunks'))
  const { gateway, backend } = twin
  const addresses = {
    url: twin.url,
    gateway: `hub://${gateway.host}:${gateway.port}`,
    backend: `zdb://${backend.host}:${backend.port}/default`,
  }
  let made = 0
  return {
    folder,
    twin,
    faults,
    local,
    hubChunks,
    progress: [],
    settings: (account, change = {}) => ({
      ...addresses,
      token: twin.mintToken(account),
      retry: { attempts: 3, firstPause: 1, deadline: 10_000 },
      ...change,
    }),
    async makeFlist(files, { metadata = {}, chunks = local } = {}) {
      const path = join(folder, `made-${made++}.flist`)
      await writeFlist(await treeOf(files, chunks), metadata, path)
      return path
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([twin.close(), local.close(), hubChunks.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function treeOf(files: Readonly<Record<string, string | Uint8Array>>, local: ChunkStore) {
  await using writer = createChunkWriter(local, { workers: 0 })
  const children = new Map<string, Node<ChunkList>>()
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text)
    const content = writer.open(bytes.length)
    await content.write(bytes)
    children.set(name, { type: 'file', mode: 0o644, ...ATTRIBUTES, size: bytes.length, content: content.end() })
  }
  await writer.flush()
  return { type: 'directory' as const, mode: 0o755, ...ATTRIBUTES, children }
}

export type PublishOptions = {
  readonly links?: readonly string[]
  readonly replace?: boolean
  readonly route?: 'auto' | 'native' | 'archive'
  readonly settings?: Partial<HubSettings>
}

/** Publishes a flist as an account. */
export function publishAs(
  world: PublishingWorld,
  account: string,
  flist: string,
  name: string,
  options: PublishOptions = {},
): Promise<Publication> {
  const { links = ['app.flist'], settings, ...rest } = options
  const phases = new PhaseRunner(name, ({ phase, state, text }) => world.progress.push(`${phase} ${state} ${text}`))
  const request = { flist, chunks: world.local, name, links, ...rest }
  return publishFlist(request, world.settings(account, settings), phases)
}
