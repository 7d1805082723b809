import type { ChunkStore } from '@tf-images/flist'
import { PipelineError } from '../errors.ts'
import { formatBytes } from '../quantity-text.ts'
import type { HubSettings } from '../settings.ts'
import type { ChunkUse } from './flist-content.ts'
import { openGateway } from './route.ts'

/**
 * Sends chunks from a local store through the gateway.
 *
 * @returns the bytes that were sent
 */
export async function sendChunks(
  missing: readonly ChunkUse[],
  local: ChunkStore,
  settings: HubSettings,
  update: (text: string) => void,
  signal?: AbortSignal,
): Promise<number> {
  const gateway = await openGateway(settings, signal)
  const sent = { chunks: 0, bytes: 0 }
  async function* chunks() {
    for (const { id } of missing) {
      const data = await local.get(id)
      sent.chunks += 1
      sent.bytes += data.length
      update(`${sent.chunks} of ${missing.length} chunks, ${formatBytes(sent.bytes)}`)
      yield { id, data }
    }
  }
  try {
    await gateway.put(chunks())
    return sent.bytes
  } finally {
    await gateway.close()
  }
}

/**
 * Makes sure that what the gateway took is what readers find.
 *
 * @throws PipelineError 'not-published'
 */
export async function expectChunks(
  chunks: readonly Pick<ChunkUse, 'id'>[],
  backend: Pick<ChunkStore, 'missing'>,
  settings: Pick<HubSettings, 'backend' | 'gateway'>,
): Promise<void> {
  const absent = await backend.missing(chunks.map(({ id }) => id))
  if (absent.length === 0) return
  throw new PipelineError(
    'not-published',
    `${settings.backend}: ${absent.length} chunks are not there; check that it is the backend of ${settings.gateway}, and publish again`,
  )
}
