import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect, failure, streamOf } from '../test/collect.ts'
import { digestOf } from './digest.ts'
import { verifyBlob } from './verified-blob.ts'

function describeBytes(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256') {
  return { digest: digestOf(bytes, algorithm), size: bytes.length }
}

describe('verifyBlob', () => {
  test('passes the bytes on, however they are cut up', async () => {
    const slices = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(slices, fc.constantFrom('sha256' as const, 'sha512' as const), async (chunks, algorithm) => {
        const whole = Buffer.concat(chunks)
        const verified = await collect(verifyBlob(streamOf(...chunks), describeBytes(whole, algorithm), 'blob'))
        expect(verified.equals(whole)).toBe(true)
      }),
    )
  })

  test('a changed byte is a wrong digest at the end', async () => {
    const expected = describeBytes(Buffer.from('abc'))
    const error = await failure(collect(verifyBlob(streamOf('ab', 'd'), expected, 'r.io/a blob x')))
    expect(error).toMatchObject({
      code: 'digest-mismatch',
      expected: expected.digest,
      actual: digestOf(Buffer.from('abd')),
    })
    expect(error.message).toContain(`r.io/a blob x: digest is ${error.actual}, the manifest says ${expected.digest}`)
  })

  test('a byte too many ends the stream at once, and is not passed on', async () => {
    let pulled = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled++
        yield Buffer.alloc(10)
      }
    }
    const passed: Uint8Array[] = []
    const error = await failure(async () => {
      for await (const bytes of verifyBlob(endless(), describeBytes(Buffer.alloc(25)), 'blob')) passed.push(bytes)
    })
    expect(error).toMatchObject({ code: 'size-mismatch', expected: 25 })
    expect([pulled, passed.length]).toEqual([3, 2])
  })

  test('too few bytes', async () => {
    const error = await failure(collect(verifyBlob(streamOf('ab'), describeBytes(Buffer.from('abc')), 'blob')))
    expect(error).toMatchObject({ code: 'size-mismatch', expected: 3, actual: 2 })
    expect(error.message).toContain('has only 2 bytes, the manifest says 3')
  })

  test('a digest of another algorithm', async () => {
    const error = await failure(collect(verifyBlob(streamOf(), { digest: 'md5:00', size: 0 }, 'blob')))
    expect(error.code).toBe('unsupported')
  })

  test('leaving early closes the source', async () => {
    let closed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.alloc(1)
        yield Buffer.alloc(1)
      } finally {
        closed = true
      }
    }
    for await (const _ of verifyBlob(source(), describeBytes(Buffer.alloc(2)), 'blob')) break
    expect(closed).toBe(true)
  })
})
