import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { CHUNK_SIZE, type ChunkStore, listChunks, openChunkStore, openFlist } from '@tf-images/flist'
import { HubClient } from '@tf-images/hub'
import { PipelineError } from './errors.ts'
import type { PhaseRunner } from './progress.ts'
import { formatBytes } from './report.ts'
import type { HubSettings } from './settings.ts'

export type PublishRequest = {
  /** Path of the converted flist. */
  readonly flist: string
  /** Local store that has all its chunks. */
  readonly chunks: ChunkStore
  /** Immutable name on the hub, `nginx-1a2b3c4d5e6f.flist`. */
  readonly name: string
  /** The name users follow, `nginx.flist`. */
  readonly link: string
}

export type Publication = {
  /** Account the flist is in. */
  readonly account: string
  readonly url: string
  readonly linkUrl: string
  /** Unique chunks of the flist, and those the backend did not have. */
  readonly chunks: number
  readonly newChunks: number
  /** Plain bytes of those the backend did not have, and of those it had. */
  readonly newBytes: number
  readonly sharedBytes: number
  /** Bytes that were sent: the new chunks as they are stored. */
  readonly sentBytes: number
}

/**
 * Publishes a flist so that a reader of the link always gets a whole one: chunks first, then the flist under its immutable
 * name, then both read back, and only then the link moved. Repeating it after an interruption finishes the job.
 *
 * @throws HubError, FlistError, PipelineError 'not-published'
 */
export async function publishFlist(
  request: PublishRequest,
  settings: HubSettings,
  phases: PhaseRunner,
  signal?: AbortSignal,
): Promise<Publication> {
  return withHub(settings, async (hub) => {
    const account = await hub.account({ signal })
    const sent = await phases.run(
      'publish',
      `publishing ${request.name} to ${settings.url}/${account}`,
      async ({ update }) => {
        const result = await sendChunks(request, settings, update, signal)
        const isThere = (await hub.md5(account, request.name, { signal })) === (await md5Of(request.flist))
        if (!isThere) await hub.uploadFlist(request.flist, request.name, { signal })
        return result
      },
      ({ newChunks, sentBytes }) => `sent ${newChunks} chunks (${formatBytes(sentBytes)}) and ${request.name}`,
    )
    await phases.run('read back', `reading ${request.name} back`, async () => {
      await expectSameBytes(request.flist, settings, hub, account, request.name, signal)
      await expectChunks(request.flist, settings, signal)
      await hub.link(request.name, request.link, { signal })
      await expectSameBytes(request.flist, settings, hub, account, request.link, signal)
    })
    const folder = `${settings.url.replace(/\/+$/, '')}/${account}`
    return { account, url: `${folder}/${request.name}`, linkUrl: `${folder}/${request.link}`, ...sent }
  })
}

/** Runs something with a client of the hub named in the settings. */
export async function withHub<T>(settings: HubSettings, body: (hub: HubClient) => Promise<T>): Promise<T> {
  const { url, token, user } = settings
  const hub = new HubClient({ url, token, ...(user ? { user } : {}) })
  try {
    return await body(hub)
  } finally {
    await hub.close()
  }
}

/** Sends the chunks that the hub does not have, and counts. */
async function sendChunks(
  { flist: path, chunks: local }: PublishRequest,
  settings: HubSettings,
  update: (text: string) => void,
  signal?: AbortSignal,
): Promise<Omit<Publication, 'account' | 'url' | 'linkUrl'>> {
  const chunks = await uniqueChunks(path)
  const gateway = await openChunkStore(settings.gateway, { token: settings.token, ...(signal ? { signal } : {}) })
  try {
    const missing = await gateway.missing([...chunks.values()].map(({ id }) => id))
    const sent = { chunks: 0, bytes: 0 }
    await gateway.put(
      (async function* () {
        for (const id of missing) {
          const data = await local.get(id)
          sent.chunks += 1
          sent.bytes += data.length
          update(`${sent.chunks} of ${missing.length} chunks, ${formatBytes(sent.bytes)}`)
          yield { id, data }
        }
      })(),
    )
    const newBytes = sumBytes(missing.flatMap((id) => chunks.get(latin1(id)) ?? []))
    const sharedBytes = sumBytes(chunks.values()) - newBytes
    return { chunks: chunks.size, newChunks: missing.length, newBytes, sharedBytes, sentBytes: sent.bytes }
  } finally {
    await gateway.close()
  }
}

type UniqueChunk = { readonly id: Uint8Array; readonly bytes: number }

/** All chunks a flist refers to, each once, in tree order, with their plain size; keyed by id. */
async function uniqueChunks(path: string): Promise<Map<string, UniqueChunk>> {
  using flist = await openFlist(path)
  if (flist.chunkFormat.name !== 'flist') {
    throw new PipelineError('bad-source', `${path}: is a .fl, which a 0-hub does not take; convert to a .flist`)
  }
  const chunks = new Map<string, UniqueChunk>()
  for (const { node } of flist.walk()) {
    if (node.type !== 'file') continue
    let rest = node.size
    for (const { id } of listChunks(node.content, flist.chunkFormat)) {
      chunks.set(latin1(id), { id, bytes: Math.min(CHUNK_SIZE, rest) })
      rest -= CHUNK_SIZE
    }
  }
  return chunks
}

function latin1(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
}

function sumBytes(chunks: Iterable<UniqueChunk>): number {
  let sum = 0
  for (const { bytes } of chunks) sum += bytes
  return sum
}

/** What a node would download under this name is what was sent. */
async function expectSameBytes(
  path: string,
  settings: HubSettings,
  hub: HubClient,
  account: string,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const hash = createHash('md5')
  for await (const bytes of hub.download(account, name, { signal })) hash.update(bytes)
  if (hash.digest('hex') === (await md5Of(path))) return
  throw new PipelineError(
    'not-published',
    `${settings.url}/${account}/${name}: the hub serves other bytes than were sent; publish again`,
  )
}

/** Every chunk is on the backend that the flist names: what the gateway took is what readers find. */
async function expectChunks(path: string, settings: HubSettings, signal?: AbortSignal): Promise<void> {
  const chunks = await uniqueChunks(path)
  const backend = await openChunkStore(settings.backend, signal ? { signal } : {})
  try {
    const absent = await backend.missing([...chunks.values()].map(({ id }) => id))
    if (absent.length === 0) return
    throw new PipelineError(
      'not-published',
      `${settings.backend}: ${absent.length} chunks that the gateway took are not there; check that it is the backend of ${settings.gateway}`,
    )
  } finally {
    await backend.close()
  }
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5')
  for await (const bytes of createReadStream(path)) hash.update(bytes)
  return hash.digest('hex')
}
