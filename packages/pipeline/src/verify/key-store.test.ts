import { CHUNK_SIZE, FL_CHUNKS, FLIST_CHUNKS } from '@tf-images/flist'
import { describe, expect, test } from 'vitest'
import { createKeyStore } from './key-store.ts'

const sample = (size: number) => Buffer.from(Array.from({ length: size }, (_, at) => (at * 7) % 251))

describe.each([FLIST_CHUNKS, FL_CHUNKS])('$name:', (format) => {
  test.each([0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE])(
    'the keys of %i bytes are those of its encoded chunks, however it arrives',
    async (size) => {
      const bytes = sample(size)
      const keys: string[] = []
      for (let at = 0; at < size; at += CHUNK_SIZE) {
        const { key } = format.encode(bytes.subarray(at, at + CHUNK_SIZE))
        keys.push('00'.repeat(format.idBytes) + Buffer.from(key).toString('hex'))
      }
      for (const step of [size || 1, 100_003]) {
        const content = createKeyStore({ format }).open(size)
        for (let at = 0; at < size; at += step) await content.write(bytes.subarray(at, at + step))
        expect(Buffer.from(await content.end()).toString('hex')).toBe(keys.join(''))
      }
    },
  )
})

test('counts bytes over all files, and stops', async () => {
  const seen: number[] = []
  const stop = new AbortController()
  const store = createKeyStore({ onBytes: (bytes) => seen.push(bytes), signal: stop.signal })
  await store.open(2).write(Buffer.from('ab'))
  const second = store.open(3)
  await second.write(Buffer.from('abc'))
  stop.abort()
  expect(() => second.write(Buffer.from('d'))).toThrow('aborted')
  expect(seen).toEqual([2, 5])
})
