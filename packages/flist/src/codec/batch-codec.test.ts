import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeBatch } from '../../test/batches.ts'
import { sampleBytes } from '../../test/sample-bytes.ts'
import { createBatchCodec } from './batch-codec.ts'

/** Some batches, and a codec with these threads, which store what they encode: the others do not. */
async function start(workers: number, workersAfter: number) {
  const files = await mkdtemp(join(tmpdir(), 'batch-codec-'))
  const codec = createBatchCodec('flist', { workers, workersAfter, files })
  onTestFinished(async () => {
    await codec.close()
    await rm(files, { recursive: true })
  })
  const batches = Array.from({ length: 6 }, (_, seed) =>
    makeBatch([sampleBytes([{ kind: 'noise', length: 500_000, seed }])]),
  )
  return { codec, batches }
}

type Started = Awaited<ReturnType<typeof start>>

/** Encodes all batches at once and tells which of them a thread did. */
async function inThreads({ codec, batches }: Started): Promise<boolean[]> {
  const keys = await Promise.all(batches.map((batch) => codec.hashBatch(batch)))
  const encoded = await Promise.all(
    batches.map((batch, i) => codec.encodeBatch(batch, keys[i] ?? new Uint8Array(), [0])),
  )
  return encoded.map(({ stored }) => stored !== undefined)
}

test.each([
  [1, 4],
  [2, 4],
  [3, 6],
])('%d threads have %d calls at most; what is more is done where it is called', async (workers, calls) => {
  const started = await start(workers, 0)
  await started.codec.expect(0)
  expect(await inThreads(started)).toEqual([...Array(calls).fill(true), ...Array(6 - calls).fill(false)])
})

test('until a thread has begun to work, its work is done where it is called', async () => {
  expect(await inThreads(await start(1, 0))).toContain(false)
})

test('few bytes, and no workers, are worth no thread', async () => {
  for (const started of [await start(1, 10_000_000), await start(0, 0)]) {
    await started.codec.expect(1_000_000)
    expect(await inThreads(started)).not.toContain(true)
  }
})

test('many bytes are, announced or when they have come', async () => {
  const announced = await start(1, 1_000_000)
  await announced.codec.expect(1_000_000)
  expect(await inThreads(announced)).toContain(true)

  const come = await start(1, 1_000_000)
  expect(await inThreads(come)).not.toContain(true)
  await come.codec.expect(0)
  expect(await inThreads(come)).toContain(true)
})

test('at rest it has no thread, until there is enough to do again', async () => {
  const started = await start(1, 10_000_000)
  await started.codec.expect(10_000_000)
  expect(await inThreads(started)).toContain(true)
  await started.codec.rest()
  await started.codec.expect(1_000_000)
  expect(await inThreads(started)).not.toContain(true)
  await started.codec.expect(10_000_000)
  expect(await inThreads(started)).toContain(true)
})

test('when it is closed, what was left to threads is not begun anew', async () => {
  const { codec, batches } = await start(1, 0)
  await codec.expect(0)
  const under = Promise.allSettled(batches.slice(0, 2).map((batch) => codec.hashBatch(batch)))
  await codec.close()
  await codec.expect(10_000_000)
  expect(await under).toMatchObject([
    { status: 'rejected', reason: { code: 'codec-failed' } },
    { status: 'rejected', reason: { code: 'codec-failed' } },
  ])
  await expect(codec.hashBatch(batches[2] ?? makeBatch([]))).rejects.toMatchObject({ code: 'codec-failed' })
})
