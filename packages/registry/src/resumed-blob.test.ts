import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect, failure } from '../test/collect.ts'
import { RegistryError } from './registry-error.ts'
import { type BlobPart, resumeBlob } from './resumed-blob.ts'

const QUICK = { retries: 2, delay: 0, longestDelay: 1 }
const broken = (error: unknown, offset: number): RegistryError =>
  new RegistryError('network', String(error), { offset })

/** A server whose n-th connection breaks after `cuts[n]` bytes; `ranges: false` always begins at 0. */
function flaky(whole: Buffer, cuts: readonly number[], ranges: boolean) {
  const starts: number[] = []
  const open = async (offset: number): Promise<BlobPart> => {
    const start = ranges ? offset : 0
    const cut = cuts[starts.length]
    starts.push(offset)
    async function* body(): AsyncGenerator<Uint8Array> {
      const rest = whole.subarray(start, cut === undefined ? undefined : start + cut)
      for (let position = 0; position < rest.length; position += 7) yield rest.subarray(position, position + 7)
      if (cut !== undefined) throw new Error('cut')
    }
    return { start, body: body() }
  }
  return { open, starts }
}

describe('resumeBlob', () => {
  test('goes on where the connection broke', async () => {
    const whole = Buffer.from('0123456789'.repeat(10))
    const { open, starts } = flaky(whole, [30, 20], true)
    expect((await collect(resumeBlob(open, whole.length, QUICK, broken, undefined))).equals(whole)).toBe(true)
    expect(starts).toEqual([0, 30, 50])
  })

  test('joins the same bytes wherever the cuts are, with ranges and without', async () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), cuts, fc.boolean(), async (bytes, places, ranges) => {
        const { open } = flaky(Buffer.from(bytes), places, ranges)
        const joined = await collect(resumeBlob(open, bytes.length, QUICK, broken, undefined))
        expect(joined.equals(Buffer.from(bytes))).toBe(true)
      }),
    )
  })

  test('gives up with the offset when too many connections break', async () => {
    const { open, starts } = flaky(Buffer.alloc(100), [10, 10, 10, 10], true)
    const error = await failure(collect(resumeBlob(open, 100, QUICK, broken, undefined)))
    expect(error).toMatchObject({ code: 'network', offset: 30 })
    expect(starts).toEqual([0, 10, 20])
  })

  test('a mebibyte of progress gives new attempts', async () => {
    const whole = Buffer.alloc(6 * 1024 * 1024, 'x')
    const { open, starts } = flaky(whole, Array(5).fill(1024 * 1024), true)
    expect((await collect(resumeBlob(open, whole.length, QUICK, broken, undefined))).equals(whole)).toBe(true)
    expect(starts).toHaveLength(6)
  })

  test('a connection that breaks after the last byte has done its work', async () => {
    const { open, starts } = flaky(Buffer.from('abc'), [3], true)
    expect((await collect(resumeBlob(open, 3, QUICK, broken, undefined))).toString()).toBe('abc')
    expect(starts).toEqual([0])
  })
})
