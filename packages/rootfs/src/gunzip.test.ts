import { Readable } from 'node:stream'
import { createGunzip, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canGunzipInPlace, gunzipInPlace } from './gunzip.ts'

/** Plain bytes, or the code of the error that ended them. */
type Outcome = { readonly plain: string } | { readonly code: unknown }

async function outcomeOf(pieces: AsyncIterable<Uint8Array>): Promise<Outcome> {
  const copies: Buffer[] = []
  try {
    for await (const piece of pieces) copies.push(Buffer.from(piece))
    return { plain: Buffer.concat(copies).toString('latin1') }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code }
  }
}

const inPlace = (pieces: readonly Uint8Array[]) => outcomeOf(gunzipInPlace(Readable.from(pieces)))

/** What the documented stream of Node makes of the same. */
const byStream = (pieces: readonly Uint8Array[]) => {
  const gunzip = createGunzip()
  Readable.from(pieces).pipe(gunzip)
  return outcomeOf(gunzip)
}

/** `bytes` in pieces of these sizes, the last one as long as it must be. */
function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let start = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(start, start + size))
    start += size
  }
  return [...pieces, bytes.subarray(start)].filter(({ length }) => length > 0)
}

const plains = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.nat(900_000).map((length) => Buffer.alloc(length, 'much of the same ')),
)
const members = fc
  .array(plains, { minLength: 1, maxLength: 4 })
  .map((all) => Buffer.concat(all.map((p) => gzipSync(p))))
const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 12 })

test('this Node has what it needs', () => {
  expect(canGunzipInPlace()).toBe(true)
})

describe('it gives what the stream of node:zlib gives', () => {
  test('of any members in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(members, sizes, async (bytes, cuts) => {
        const pieces = split(bytes, cuts)
        const outcome = await inPlace(pieces)
        expect(outcome).toHaveProperty('plain')
        expect(outcome).toEqual(await byStream(pieces))
      }),
    )
  })

  test('when they are cut off', async () => {
    await fc.assert(
      fc.asyncProperty(members, fc.nat(), sizes, async (bytes, cut, cuts) => {
        const pieces = split(bytes.subarray(0, 1 + (cut % (bytes.length - 1))), cuts)
        expect(await inPlace(pieces)).toEqual(await byStream(pieces))
      }),
    )
  })

  test('when a byte is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(members, fc.nat(), fc.integer({ min: 1, max: 255 }), async (bytes, at, change) => {
        const damaged = Buffer.from(bytes)
        damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ change
        expect(await inPlace([damaged])).toEqual(await byStream([damaged]))
      }),
    )
  })

  test.each([
    ['zeros', Buffer.alloc(700)],
    ['something else', Buffer.from('something else')],
  ])('when %s follow', async (_, rest) => {
    const bytes = Buffer.concat([gzipSync('text'), rest])
    expect(await inPlace([bytes])).toEqual(await byStream([bytes]))
    const pieces = split(bytes, [bytes.length - rest.length])
    expect(await inPlace(pieces)).toEqual(await byStream(pieces))
  })
})

test('a consumer that stops closes the source', async () => {
  const source = Readable.from([gzipSync('text'), gzipSync('more')])
  for await (const _ of gunzipInPlace(source)) break
  expect(source.destroyed).toBe(true)
})
