import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chunkId, openChunkStore, type StoredChunk } from '../packages/flist/src/index.ts'
import { type ChunkServers, sendOneByOne } from './one-by-one.ts'
import { formatTable, median } from './table.ts'

export type PublishBenchOptions = {
  readonly runs: number
  readonly json?: string
  readonly dir?: string
  /** Milliseconds of a round trip to the hub. */
  readonly latency: number
  /** How many chunks the one-at-a-time client sends: it takes as many round trips twice. */
  readonly chunks: number
}

/** What one way to send chunks took: seconds for so many chunks. */
type Row = { readonly name: string; readonly chunks: number; readonly seconds: number; readonly perSecond: number }

/** Of a distribution's files: the median is a few kB, the mean some more. */
const CHUNK_BYTES = 13_000
/** Many more go through at once: else opening the connections would be most of what is measured. */
const PIPELINED_FACTOR = 20

/**
 * Sends chunks to a twin behind a line with latency: as this project does, and one at a time, as zflist does it. Both are new
 * chunks each time, and both runs follow each other.
 */
export async function benchPublish({
  runs,
  json,
  dir = memoryFolder(),
  latency,
  chunks,
}: PublishBenchOptions): Promise<void> {
  const folder = await mkdtemp(join(dir, 'flist-bench-'))
  const twin = fork(join(import.meta.dirname, 'twin-process.ts'), [folder, String(latency)])
  try {
    const [servers] = (await once(twin, 'message')) as [ChunkServers]
    const ours: number[] = []
    const theirs: number[] = []
    for (let turn = 0; turn < runs; turn++) {
      const [few, many] = [makeChunks(chunks), makeChunks(chunks * PIPELINED_FACTOR)]
      theirs.push(await secondsOf(() => sendOneByOne(servers, few)))
      ours.push(await secondsOf(() => sendOurs(servers, many)))
    }
    const rows = [
      rowOf('one at a time: GET, then SET', chunks, median(theirs)),
      rowOf('flist publish: EXISTS, then SET, pipelined', chunks * PIPELINED_FACTOR, median(ours)),
    ]
    const [slow, fast] = rows
    const ratio = slow && fast ? fast.perSecond / slow.perSecond : Number.NaN
    const setting = `${latency} ms round trip; chunks of ${CHUNK_BYTES} bytes; node ${process.version}; medians of ${runs}`
    console.log(setting)
    console.log(formatTable(tableOf(rows)))
    console.log(`${ratio.toFixed(0)} times as many chunks per second`)
    if (json) await writeFile(json, `${JSON.stringify({ setting, latency, rows, ratio }, null, 2)}\n`)
  } finally {
    twin.disconnect()
    await once(twin, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
}

/** The disk of the hub is not what is compared. */
function memoryFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
}

function rowOf(name: string, chunks: number, seconds: number): Row {
  return { name, chunks, seconds, perSecond: chunks / seconds }
}

function tableOf(rows: readonly Row[]): string[][] {
  const header = ['', 'chunks', 'wall', 'chunks/s', 'for 7,000 chunks']
  const cells = rows.map(({ name, chunks, seconds, perSecond }) => [
    name,
    String(chunks),
    `${seconds.toFixed(2)} s`,
    perSecond.toFixed(0),
    `${(7000 / perSecond).toFixed(1)} s`,
  ])
  return [header, ...cells]
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

/** Random bytes: nobody has them. */
function makeChunks(count: number): StoredChunk[] {
  return Array.from({ length: count }, () => {
    const data = randomBytes(CHUNK_BYTES)
    return { id: chunkId(data), data }
  })
}

/** What publishing does with chunks: asks for all, sends what is missing, asks for that again. */
async function sendOurs({ gateway, backend, token }: ChunkServers, chunks: readonly StoredChunk[]): Promise<void> {
  const reading = await openChunkStore(`zdb://${backend.host}:${backend.port}/default`)
  const writing = await openChunkStore(`hub://${gateway.host}:${gateway.port}`, { token })
  try {
    const missing = await reading.missing(chunks.map(({ id }) => id))
    if (missing.length !== chunks.length) throw new Error('the hub had chunks that are new')
    await writing.put(chunks)
    if ((await reading.missing(missing)).length > 0) throw new Error('chunks were lost')
  } finally {
    await Promise.all([reading.close(), writing.close()])
  }
}
