import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { generatedPath, renderThreadSource, THREADS } from '../../scripts/thread-source.ts'
import { makeBatch, takeChunks } from '../../test/batches.ts'
import { sampleBytes } from '../../test/sample-bytes.ts'
import type { Batch } from './batch.ts'
import type { EncodedChunk } from './chunk-codec.ts'
import { FL_CHUNKS, FLIST_CHUNKS } from './chunk-format.ts'
import { startCodecThreads } from './codec-threads.ts'

const run = promisify(execFile)

const inHex = ({ id, key, data }: EncodedChunk) => [id, key, data].map((bytes) => Buffer.from(bytes).toString('hex'))

/** Runs TypeScript in a process of its own, with what it imports. */
async function runScript(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'codec-threads-'))
  try {
    const file = join(folder, 'script.mjs')
    const { outputFiles } = await build({
      stdin: { contents: text, resolveDir: import.meta.dirname, loader: 'ts' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      minify: true,
    })
    await writeFile(file, outputFiles[0]?.text ?? '')
    return (await run(process.execPath, [file], { timeout: 20_000 })).stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

test.each(THREADS)('the committed $script is what its sources give', async (thread) => {
  const committed = await readFile(generatedPath(thread), 'utf8')
  expect(committed === (await renderThreadSource(thread)), 'run `pnpm --filter @tf-images/flist build:thread`').toBe(
    true,
  )
})

test.each([FLIST_CHUNKS, FL_CHUNKS])(
  'several threads encode several batches at once as one codec does ($name)',
  async (format) => {
    const threads = startCodecThreads(3, format.name)
    try {
      const encoded = await Promise.all(
        Array.from({ length: 8 }, async (_, seed) => {
          const plains = [300_000, 0, 5].map((length) => sampleBytes([{ kind: 'words', length, seed: seed + 1 }]))
          const batch = makeBatch(plains)
          const keys = await threads.hashBatch(batch)
          const chunks = takeChunks(batch, keys, [0, 1, 2], await threads.encodeBatch(batch, keys, [0, 1, 2]))
          return { plains, chunks }
        }),
      )
      for (const { plains, chunks } of encoded) {
        expect(chunks.map(inHex)).toEqual(plains.map((plain) => inHex(format.encode(plain))))
      }
    } finally {
      await threads.close()
    }
  },
)

test('a thread that fails makes its calls and all later ones fail', async () => {
  const threads = startCodecThreads(2)
  const batch = makeBatch([new Uint8Array(10)])
  const failed = { name: 'FlistError', code: 'codec-failed', message: expect.stringContaining('a thread ended (') }
  await expect(threads.hashBatch({ ends: [1] } as unknown as Batch)).rejects.toMatchObject(failed)
  await expect(threads.hashBatch(batch)).rejects.toMatchObject(failed)
  await threads.close()
})

test('closing ends what is under way, and may be repeated', async () => {
  const threads = startCodecThreads(1)
  const calls = Promise.allSettled([threads.hashBatch(makeBatch([new Uint8Array(10)]))])
  await threads.close()
  expect((await calls)[0]).toMatchObject({ status: 'rejected', reason: { code: 'codec-failed' } })
  await threads.close()
})

test('in a bundle of one file they run; idle ones let the process end, busy ones do not', async () => {
  const output = await runScript(`
    import { createBatchMemories } from './batch.ts'
    import { startCodecThreads } from './codec-threads.ts'
    const threads = startCodecThreads(2)
    const batch = { memory: createBatchMemories().take(), ends: [6] }
    batch.memory.plain.set(Buffer.from('hello\\n'))
    threads.hashBatch(batch).then((keys) => console.log(Buffer.from(keys).toString('hex')))
  `)
  expect(output).toBe('ea41b4de6c03f13a95758b28dd75693e\n')
})

test('closing is waited for by a process that has nothing else to do', async () => {
  const output = await runScript(`
    import { createBatchMemories } from './batch.ts'
    import { startCodecThreads } from './codec-threads.ts'
    const threads = startCodecThreads(4)
    await threads.hashBatch({ memory: createBatchMemories().take(), ends: [6] })
    await threads.close()
    console.log('closed')
  `)
  expect(output).toBe('closed\n')
})
