import { Readable } from 'node:stream'
import { crc32, createGunzip, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteCursor } from './byte-cursor.ts'
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

const inPlace = (pieces: readonly Uint8Array[]) => outcomeOf(gunzipInPlace(new ByteCursor(Readable.from(pieces))))

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
    ['zeros and something else', Buffer.concat([Buffer.alloc(70), Buffer.from('something else')])],
    ['zeros and a member', Buffer.concat([Buffer.alloc(70), gzipSync('more')])],
  ])('when %s follow', async (_, rest) => {
    const bytes = Buffer.concat([gzipSync('text'), rest])
    expect(await inPlace([bytes])).toEqual(await byStream([bytes]))
    for (const behind of [0, 70]) {
      const pieces = split(bytes, [bytes.length - rest.length + behind])
      expect(await inPlace(pieces)).toEqual(await byStream([bytes]))
    }
  })

  test('when a wrong checksum is the last there is', async () => {
    const bytes = gzipSync('text')
    bytes[bytes.length - 8] = (bytes.at(-8) ?? 0) ^ 1
    for (let cut = 1; cut < 12; cut++) {
      const pieces = [bytes.subarray(0, -cut)]
      expect(await inPlace(pieces)).toEqual(await byStream(pieces))
    }
  })
})

/** A member with what its header can have: these fields as its flags say. */
function memberOf(plain: Uint8Array, flags: number, extra: Uint8Array, text: string): Buffer {
  const packed = gzipSync(plain)
  packed[3] = flags
  const header = [packed.subarray(0, 10)]
  if (flags & 4) header.push(Buffer.from([extra.length, 0]), Buffer.from(extra))
  if (flags & 8) header.push(Buffer.from(`${text}\0`))
  if (flags & 16) header.push(Buffer.from(`about ${text}\0`))
  if (flags & 2) {
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(crc32(Buffer.concat(header)))
    header.push(checksum.subarray(0, 2))
  }
  return Buffer.concat([...header, packed.subarray(10)])
}

const withFields = fc
  .tuple(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(31),
    fc.uint8Array({ maxLength: 255 }),
    fc.stringMatching(/^[a-z]{0,900}$/),
  )
  .map((parts) => memberOf(...parts))

describe('members with all that a header can have', () => {
  test('are those of the stream of node:zlib, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(withFields, withFields, sizes, async (first, second, cuts) => {
        const pieces = split(Buffer.concat([first, second]), cuts)
        const outcome = await inPlace(pieces)
        expect(outcome).toHaveProperty('plain')
        expect(outcome).toEqual(await byStream(pieces))
      }),
    )
  })

  test('are refused as there when a byte of the header is wrong, or they are cut off', async () => {
    await fc.assert(
      fc.asyncProperty(withFields, fc.nat(), fc.integer({ min: 1, max: 255 }), async (bytes, place, change) => {
        const at = place % bytes.length
        const damaged = Buffer.from(bytes)
        damaged[at] = (damaged[at] ?? 0) ^ change
        expect(await inPlace([damaged])).toEqual(await byStream([damaged]))
        const cut = [bytes.subarray(0, at + 1)]
        expect(await inPlace(cut)).toEqual(await byStream(cut))
      }),
    )
  })

  test('are read on when a name is longer than any piece', async () => {
    const bytes = memberOf(Buffer.from('text'), 8, new Uint8Array(0), 'n'.repeat(300_000))
    const pieces = split(bytes, Array(100).fill(3_000))
    expect(await inPlace(pieces)).toEqual({ plain: 'text' })
  })
})

describe('what is compared with a digest anyway', () => {
  const checked = (bytes: Uint8Array) => outcomeOf(gunzipInPlace(new ByteCursor(Readable.from([bytes])), true))
  const changed = (at: number) => {
    const bytes = gzipSync('text')
    bytes[bytes.length + at] = (bytes.at(at) ?? 0) ^ 1
    return bytes
  }

  test('is not compared with its checksum', async () => {
    expect(await inPlace([changed(-8)])).toEqual({ code: 'Z_DATA_ERROR' })
    expect(await checked(changed(-8))).toEqual({ plain: 'text' })
  })

  test('has to have the length that stands there', async () => {
    expect(await checked(changed(-4))).toEqual({ code: 'Z_DATA_ERROR' })
  })

  test('is the same otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(members, async (bytes) => {
        expect(await checked(bytes)).toEqual(await byStream([bytes]))
      }),
    )
  })
})
