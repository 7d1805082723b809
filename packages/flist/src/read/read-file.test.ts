import { describe, expect, test } from 'vitest'
import { createChunkMemory } from '../../test/chunk-memory.ts'
import { file } from '../../test/trees.ts'
import { CHUNK_SIZE } from '../codec/chunk.ts'
import type { ChunkList, FileNode } from '../tree.ts'
import { type ChunkSource, readFile } from './read-file.ts'

async function collect(node: FileNode<ChunkList>, store: ChunkSource): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readFile(node, store)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Content whose chunks all differ. */
const content = (length: number) => Buffer.alloc(length).map((_, at) => (at * 7 + (at >> 19)) & 0xff)

describe('reading a file', () => {
  test.each([0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 12 * CHUNK_SIZE + 5])(
    'of %i bytes gives them',
    async (size) => {
      const memory = createChunkMemory()
      expect((await collect(memory.store(content(size)), memory)).equals(content(size))).toBe(true)
    },
  )

  test('asks for a few chunks ahead, not for all', async () => {
    const memory = createChunkMemory()
    const node = memory.store(content(20 * CHUNK_SIZE))
    let asked = 0
    const source = { get: (id: Uint8Array) => memory.get(id).finally(() => asked++) }
    for await (const _chunk of readFile(node, source)) break
    expect(asked).toBe(8)
  })

  test('asks once for a chunk that comes again right behind itself, and never gives it for another', async () => {
    const memory = createChunkMemory()
    const sparse = Buffer.alloc(30 * CHUNK_SIZE + 5)
    sparse.write('data', 12 * CHUNK_SIZE)
    let asked = 0
    const source = { get: (id: Uint8Array) => memory.get(id).finally(() => asked++) }
    expect((await collect(memory.store(sparse), source)).equals(sparse)).toBe(true)
    // The zeros before the data, the data, the zeros after it, the rest.
    expect(asked).toBe(4)
  })

  test('stops when it is called off', async () => {
    const memory = createChunkMemory()
    const node = memory.store(content(3 * CHUNK_SIZE))
    const controller = new AbortController()
    const read = async () => {
      for await (const _chunk of readFile(node, memory, { signal: controller.signal }))
        controller.abort(new Error('enough'))
    }
    await expect(read()).rejects.toThrow('enough')
  })
})

describe('a file that cannot be read', () => {
  test('has a chunk that is not in the store', async () => {
    const memory = createChunkMemory()
    const node = memory.store('hello')
    memory.chunks.clear()
    await expect(collect(node, memory)).rejects.toMatchObject({ code: 'chunk-missing' })
  })

  test('has another chunk in the place of its own', async () => {
    const memory = createChunkMemory()
    const node = memory.store('hello')
    const swapped = Uint8Array.from([...memory.store('olleh').content.subarray(0, 16), ...node.content.subarray(16)])
    await expect(collect({ ...node, content: swapped }, memory)).rejects.toMatchObject({ code: 'chunk-corrupt' })
  })

  test('has a chunk of another size', async () => {
    const memory = createChunkMemory()
    await expect(collect({ ...memory.store('hello'), size: 4 }, memory)).rejects.toThrow(
      /^chunk [0-9a-f]{32}: has 5 bytes, its file needs 4; make the flist again$/,
    )
  })

  test('lost its end to the reference', async () => {
    const node = file(32 * CHUNK_SIZE + 1, new Uint8Array(32 * 32))
    await expect(collect(node, createChunkMemory())).rejects.toThrow(
      'file of 16777217 bytes: has 32 chunks, needs 33; zflist drops the end of such a file',
    )
  })
})
