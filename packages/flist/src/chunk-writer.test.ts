import { mkdtemp, readdir, rm, writeFile as writeTextFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { arbitraryBytes, sampleBytes } from '../test/sample-bytes.ts'
import { type ChunkWriter, createChunkWriter } from './chunk-writer.ts'
import { CHUNK_SIZE, chunkId, decodeChunk, encodeChunk } from './codec/chunk.ts'
import { FL_CHUNKS, FLIST_CHUNKS } from './codec/chunk-format.ts'
import type { ChunkStore } from './stores/chunk-store.ts'
import { openChunkStore } from './stores/open-store.ts'
import { listChunks } from './tree.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const noise = (length: number, seed: number) => sampleBytes([{ kind: 'noise', length, seed }])

/** A store in memory; `puts` has the ids of each call to put. */
function memoryStore(chunks = new Map<string, Uint8Array>()) {
  const puts: string[][] = []
  const store: ChunkStore = {
    missing: async (ids) => ids.filter((id) => !chunks.has(hex(id))),
    get: async (id) => chunks.get(hex(id)) ?? Promise.reject(new Error('missing')),
    put: async (items) => {
      const ids: string[] = []
      puts.push(ids)
      for await (const { id, data } of items) {
        ids.push(hex(id))
        chunks.set(hex(id), data.slice())
      }
    },
    close: async () => {},
  }
  return { store, chunks, puts }
}

/** Writes a file in slices of `step` bytes. */
async function writeFile(writer: ChunkWriter, bytes: Uint8Array, step = 65_536) {
  const file = writer.open(bytes.length)
  for (let at = 0; at < bytes.length; at += step) await file.write(bytes.subarray(at, at + step))
  return file.end()
}

async function readBack(store: ChunkStore, list: Uint8Array) {
  const parts: Uint8Array[] = []
  for (const { id, key } of listChunks(list, FLIST_CHUNKS)) parts.push(decodeChunk(await store.get(id), key))
  return Buffer.concat(parts)
}

/** The list a file must get: its pieces, encoded one by one. */
function expectedList(bytes: Uint8Array, format = FLIST_CHUNKS) {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const { id, key } = format.encode(bytes.subarray(at, at + CHUNK_SIZE))
    entries.push(id, key)
  }
  return hex(Buffer.concat(entries))
}

test.each([0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 12 * CHUNK_SIZE + 7])(
  'a file of %d bytes is cut in pieces of 512 KiB',
  async (size) => {
    const { store } = memoryStore()
    const writer = createChunkWriter(store)
    const bytes = noise(size, 1)
    const list = await writeFile(writer, bytes)
    expect(list.length).toBe(32 * Math.ceil(size / CHUNK_SIZE))
    await writer.flush()
    expect(hex(list)).toBe(expectedList(bytes))
    expect(Buffer.compare(await readBack(store, list), bytes)).toBe(0)
  },
)

test('how the bytes are sliced changes nothing', async () => {
  const step = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(CHUNK_SIZE, 3 * CHUNK_SIZE, 1 << 23))
  const size = fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 1_200_000 }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(size, step), { maxLength: 6 }), async (files) => {
      const { store } = memoryStore()
      const writer = createChunkWriter(store)
      const contents = files.map(([length], i) => noise(length, i))
      const lists: Uint8Array[] = []
      for (const [i, [length, slice]] of files.entries()) {
        lists.push(await writeFile(writer, contents[i] as Uint8Array, length > 20_000 ? slice * 1_000 : slice))
      }
      await writer.flush()
      expect(lists.map(hex)).toEqual(contents.map((bytes) => expectedList(bytes)))
    }),
    { numRuns: 20 },
  )
})

test('any content comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryBytes(3_000), { maxLength: 30 }), async (contents) => {
      const { store } = memoryStore()
      const writer = createChunkWriter(store)
      const lists = []
      for (const bytes of contents) lists.push(await writeFile(writer, bytes))
      await writer.flush()
      for (const [i, list] of lists.entries()) {
        expect(Buffer.compare(await readBack(store, list), contents[i] as Uint8Array)).toBe(0)
      }
    }),
    { numRuns: 30 },
  )
})

test('equal chunks are stored once, known ones not at all, and the counts say so', async () => {
  const first = noise(CHUNK_SIZE, 1)
  const known = encodeChunk(Buffer.from('known'))
  const { store, puts } = memoryStore(new Map([[hex(known.id), known.data]]))
  const writer = createChunkWriter(store)
  await writeFile(writer, first)
  await writeFile(writer, Buffer.concat([first, first, Buffer.from('tail')]))
  await writeFile(writer, Buffer.from('known'))
  await writer.flush()
  await writeFile(writer, first)
  await writer.flush()

  const tail = encodeChunk(Buffer.from('tail'))
  const chunk = encodeChunk(first)
  expect(puts.flat().sort()).toEqual([hex(chunk.id), hex(tail.id)].sort())
  expect(writer.stats).toEqual({
    bytes: 4 * CHUNK_SIZE + 9,
    chunks: 6,
    uniqueChunks: 3,
    newChunks: 2,
    newBytes: chunk.data.length + tail.data.length,
  })
})

test('what the store remembers is used once it is worth it, and from then on alone', async () => {
  const { store } = memoryStore()
  const asked: string[] = []
  const remembered: string[] = []
  const table = {
    worthFrom: 2 * CHUNK_SIZE,
    idOf: (keys: Uint8Array, at: number) => void asked.push(hex(keys.subarray(at, at + 16))),
    remember: (pairs: Uint8Array) => {
      for (let at = 0; at < pairs.length; at += 32) remembered.push(hex(pairs.subarray(at, at + 16)))
    },
  }
  const writer = createChunkWriter({ ...store, known: { flist: table, fl: table } })
  const keys: string[] = []
  for (const seed of [1, 2, 3]) {
    const bytes = noise(CHUNK_SIZE, seed)
    keys.push(hex(encodeChunk(bytes).key))
    await writeFile(writer, bytes)
    await writer.flush()
  }
  expect(asked).toEqual(keys.slice(1))
  expect(remembered).toEqual(keys.slice(1))
})

test('a hundred thousand small files need few calls of the store', async () => {
  const { store, puts } = memoryStore()
  const writer = createChunkWriter(store)
  for (let i = 0; i < 100_000; i++) await writeFile(writer, Buffer.from(`file ${i % 10_000}`))
  await writer.flush()
  expect(writer.stats).toMatchObject({ chunks: 100_000, uniqueChunks: 10_000, newChunks: 10_000 })
  expect(puts.length).toBeLessThan(30)
})

test('when the store is slow, writing waits, with few batches in memory', async () => {
  const { store } = memoryStore()
  const waiting: (() => void)[] = []
  const put = store.put
  store.put = async (chunks) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    await put(chunks)
  }
  const writer = createChunkWriter(store, { workers: 0 })
  let written = 0
  const writing = (async () => {
    for (; written < 10; written++) await writeFile(writer, noise(8 * CHUNK_SIZE, written))
    await writer.flush()
  })()
  await vi.waitFor(() => expect(waiting).toHaveLength(4), 10_000)
  await sleep(100)
  expect(waiting).toHaveLength(4)
  expect(written).toBe(4)
  const release = setInterval(() => waiting.shift()?.(), 1)
  await writing
  clearInterval(release)
  expect(writer.stats.newChunks).toBe(80)
})

test('an error of the store ends the run, and is what every later call says', async () => {
  const { store } = memoryStore()
  store.put = async () => {
    throw new Error('the store broke')
  }
  const writer = createChunkWriter(store)
  await writeFile(writer, Buffer.from('content'))
  await expect(writer.flush()).rejects.toThrow('the store broke')
  await expect(writer.flush()).rejects.toThrow('the store broke')
  expect(() => writer.open(1)).toThrow('the store broke')
})

test('an error of the store is noticed while a long file is written', async () => {
  const { store } = memoryStore()
  store.missing = async () => {
    throw new Error('the store broke')
  }
  const writer = createChunkWriter(store)
  await expect(writeFile(writer, noise(200 * CHUNK_SIZE, 1))).rejects.toThrow('the store broke')
})

test('a file that is shorter or longer than announced is refused', async () => {
  const { store } = memoryStore()
  const file = createChunkWriter(store).open(5)
  await file.write(Buffer.from('four'))
  expect(() => file.end()).toThrow('file of 5 bytes: only 4 arrived; its source changed or is damaged')
  expect(() => file.write(Buffer.from('more'))).toThrow('file of 5 bytes: more arrived')
})

test('files are written one after the other', async () => {
  const writer = createChunkWriter(memoryStore().store)
  writer.open(5)
  expect(() => writer.open(5)).toThrow('the last file has not ended; end it first')
  await expect(writer.flush()).rejects.toMatchObject({ name: 'FlistError', code: 'invalid' })
})

test('it fills a directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'flist-writer-'))
  const store = await openChunkStore(root)
  const writer = createChunkWriter(store)
  const bytes = noise(20 * CHUNK_SIZE + 5, 1)
  const list = await writeFile(writer, bytes)
  await writer.flush()
  expect(Buffer.compare(await readBack(store, list), bytes)).toBe(0)
  await rm(root, { recursive: true })
})

test('chunks of a .fl have ids and keys of 32 bytes', async () => {
  const { store, chunks } = memoryStore()
  const writer = createChunkWriter(store, { format: FL_CHUNKS })
  const bytes = noise(2 * CHUNK_SIZE + 7, 5)
  const list = await writeFile(writer, bytes)
  await writer.flush()
  expect([list.length, chunks.size]).toEqual([3 * 64, 3])
  const entries = [...listChunks(list, FL_CHUNKS)]
  expect(entries.map(({ id }) => hex(id))).toEqual([...chunks.keys()])
  const parts = await Promise.all(entries.map(async ({ id, key }) => FL_CHUNKS.decode(await store.get(id), key)))
  expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0)
})

test.each([FLIST_CHUNKS, FL_CHUNKS])(
  'however many threads encode, lists, chunks and counts are the same ($name)',
  async (format) => {
    const contents = Array.from({ length: 60 }, (_, i) => {
      const length = i % 3 === 0 ? 1_300_000 : 5_000
      return sampleBytes([{ kind: i % 2 ? 'noise' : 'words', length, seed: i % 41 }])
    })
    const results = []
    for (const workers of [0, 1, 2, 4]) {
      const { store, chunks } = memoryStore()
      await using writer = createChunkWriter(store, { format, workers, workersAfter: 4 << 20 })
      const lists = []
      for (const bytes of contents) lists.push(await writeFile(writer, bytes))
      await writer.flush()
      const stored = [...chunks].map(([id, data]) => `${id} ${hex(chunkId(data))}`).sort()
      results.push({ lists: lists.map(hex), stored, stats: writer.stats })
    }
    for (const result of results) expect(result).toEqual(results[0])
    expect(results[0]?.lists).toEqual(contents.map((bytes) => expectedList(bytes, format)))
  },
)

test.each([FLIST_CHUNKS, FL_CHUNKS])(
  'threads store in a directory what one processor would ($name)',
  async (format) => {
    const contents = Array.from({ length: 30 }, (_, i) => noise(i % 3 === 0 ? 700_000 : 5_000, i % 23))
    const results = []
    for (const workers of [0, 2]) {
      const root = await mkdtemp(join(tmpdir(), 'flist-writer-'))
      const store = await openChunkStore(root)
      // Both have to find this one there.
      await store.put([format.encode(noise(5_000, 1))])
      await using writer = createChunkWriter(store, { format, workers, workersAfter: 0 })
      await writer.expect(0)
      const lists = []
      for (const bytes of contents) lists.push(await writeFile(writer, bytes))
      await writer.flush()
      for (const list of lists) for (const { id } of listChunks(list, format)) await store.get(id)
      const names = (await readdir(root, { recursive: true })).filter((name) => name.includes('/')).sort()
      results.push({ lists: lists.map(hex), names, stats: writer.stats })
      await rm(root, { recursive: true })
    }
    expect(results[1]).toEqual(results[0])
    const { names = [], stats } = results[0] ?? {}
    expect([names.length, stats?.newChunks]).toEqual([stats?.uniqueChunks, (stats?.uniqueChunks ?? 0) - 1])
  },
)

test('a directory that threads cannot write to fails the writer as it does the store', async () => {
  const root = await mkdtemp(join(tmpdir(), 'flist-writer-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const bytes = noise(100_000, 1)
  const name = hex(encodeChunk(bytes).id)
  await writeTextFile(join(root, name.slice(0, 2)), 'where its directory would be')
  await using writer = createChunkWriter(await openChunkStore(root), { workers: 1, workersAfter: 0 })
  await writer.expect(0)
  await writeFile(writer, bytes)
  await expect(writer.flush()).rejects.toMatchObject({
    name: 'FlistError',
    code: 'store-failed',
    message: `${root}: cannot store chunk "${name}" (ENOTDIR); check the directory and its permissions`,
  })
})

test('memory of a writer that was given up, or whose threads were, is used again', async () => {
  // The types of Node do not have it.
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: new () => object } }
  const Memory = vi.spyOn(WebAssembly, 'Memory')
  onTestFinished(() => void Memory.mockRestore())
  const giveUp = async (workers: number, fails: boolean) => {
    const { store } = memoryStore()
    if (fails) store.missing = () => Promise.reject(new Error('the store broke'))
    const writer = createChunkWriter(store, { workers, workersAfter: 0 })
    await writer.expect(0)
    await writeFile(writer, noise(9_000_000, 1)).catch(() => {})
    await writer[Symbol.asyncDispose]()
    expect(() => writer.open(1)).toThrow()
  }
  for (const [workers, fails] of [
    [0, false],
    [1, false],
    [0, true],
    [1, true],
  ] as const) {
    await giveUp(workers, fails)
    Memory.mockClear()
    for (let i = 0; i < 5; i++) await giveUp(workers, fails)
    expect(Memory.mock.calls.length, `${workers} ${fails}`).toBeLessThanOrEqual(2)
  }
})

test('a store is the same for each writer: what one stored is not new for the next', async () => {
  const root = await mkdtemp(join(tmpdir(), 'flist-writer-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const { known: _, ...store } = await openChunkStore(root)
  for (const [workers, newChunks] of [
    [0, 30],
    [0, 0],
    [2, 0],
  ] as const) {
    await using writer = createChunkWriter(store, { workers, workersAfter: 0 })
    await writer.expect(0)
    for (let i = 0; i < 30; i++) await writeFile(writer, noise(2_000, i))
    await writer.flush()
    expect(writer.stats.newChunks).toBe(newChunks)
  }
})

test('writers use memory again, but not that of a batch that failed, which may still be read', async () => {
  /** What the chunks that a store is given lie in. */
  const memoryOf = async (fails: boolean) => {
    const { store } = memoryStore()
    const { put } = store
    const buffers: ArrayBufferLike[] = []
    store.put = async (chunks) => {
      for await (const { data } of chunks) buffers.push(data.buffer)
      if (fails) throw new Error('the store broke')
      return put([])
    }
    await using writer = createChunkWriter(store)
    await writeFile(writer, noise(10, 1))
    await (fails ? expect(writer.flush()).rejects.toThrow('the store broke') : writer.flush())
    return buffers[0]
  }
  const first = await memoryOf(false)
  expect(first).toBeInstanceOf(SharedArrayBuffer)
  expect(await memoryOf(false)).toBe(first)
  expect(await memoryOf(true)).toBe(first)
  expect(await memoryOf(false)).not.toBe(first)
})

test('a writer that is disposed of in the middle fails what is under way', async () => {
  const { store } = memoryStore()
  const writer = createChunkWriter(store, { workers: 2, workersAfter: 0 })
  await writer.expect(0)
  await writeFile(writer, noise(3 * CHUNK_SIZE, 1))
  const flushed = Promise.allSettled([writer.flush()])
  await writer[Symbol.asyncDispose]()
  expect((await flushed)[0]).toMatchObject({ status: 'rejected', reason: { code: 'codec-failed' } })
})

test.each([FLIST_CHUNKS, FL_CHUNKS])(
  'chunks that a directory knows are not encoded again, unless it lost them ($name)',
  async (format) => {
    const root = await mkdtemp(join(tmpdir(), 'flist-writer-'))
    const bytes = noise(3 * CHUNK_SIZE, 1)
    const convert = async () => {
      const store = await openChunkStore(root)
      const asked: number[] = []
      const { missing } = store
      store.missing = (ids) => {
        asked.push(ids.length)
        return missing(ids)
      }
      await using writer = createChunkWriter(store, { format })
      const list = await writeFile(writer, bytes)
      await writer.flush()
      expect(hex(list)).toBe(expectedList(bytes, format))
      for (const { id } of listChunks(list, format)) await store.get(id)
      return { asked, ...writer.stats }
    }
    expect(await convert()).toMatchObject({ asked: [], uniqueChunks: 3, newChunks: 3 })
    expect(await convert()).toMatchObject({ asked: [3], uniqueChunks: 3, newChunks: 0 })
    const lost = hex(format.encode(bytes.subarray(0, CHUNK_SIZE)).id)
    await rm(join(root, lost.slice(0, 2), format === FL_CHUNKS ? lost : lost.slice(2)))
    expect(await convert()).toMatchObject({ asked: [3], uniqueChunks: 3, newChunks: 1 })
    await rm(root, { recursive: true })
  },
)
