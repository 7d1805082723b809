import { createHash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RootfsError } from './error.ts'
import { IndexWriter } from './index-bytes.ts'
import { writeEntry } from './index-entry.ts'
import type { Layer, LayerEntry } from './layer.ts'
import { decodeLayer, encodeLayer, type LayerIndexOptions } from './layer-index.ts'

const identity = 'sha256:0123 1'
const encode = (layer: Layer<Uint8Array>, as = identity) => encodeLayer(layer, as, (content) => content)
const decode = (bytes: Uint8Array, options: LayerIndexOptions = {}) =>
  decodeLayer(bytes, identity, (content) => content, options)

const byteString = (constraints: { minLength?: number; maxLength: number }) =>
  fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes).toString('latin1'))
const component = byteString({ minLength: 1, maxLength: 8 })
  .map((name) => name.replaceAll(/[/\0]/g, 'x'))
  .filter((name) => name !== '.' && name !== '..')
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
const id = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const attributes = {
  path,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: id,
  gid: id,
  mtime: fc.maxSafeInteger(),
}
const optional = {
  mtimeNanos: fc.integer({ min: 1, max: 999_999_999 }),
  xattrs: fc.uniqueArray(fc.tuple(byteString({ maxLength: 8 }), fc.uint8Array()), { selector: ([name]) => name }),
}
const present = fc
  .subarray(Object.keys(optional) as (keyof typeof optional)[])
  .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, optional[key]])) as Partial<typeof optional>))
const described = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.tuple(fc.record({ ...attributes, ...model }), present).map(([entry, more]) => ({ ...entry, ...more }))

const entry: fc.Arbitrary<LayerEntry<Uint8Array>> = fc.oneof(
  described({ type: fc.constant('directory' as const), path: fc.oneof(path, fc.constant('')) }),
  described({ type: fc.constant('file' as const), size: fc.maxSafeNat(), content: fc.uint8Array({ maxLength: 200 }) }),
  described({
    type: fc.constant('symlink' as const),
    target: byteString({ minLength: 1, maxLength: 20 }).map((text) => text.replaceAll('\0', 'x')),
  }),
  described({ type: fc.constant('hardlink' as const), target: path }),
  described({ type: fc.constantFrom('character' as const, 'block' as const, 'fifo' as const), major: id, minor: id }),
  fc.record({ type: fc.constantFrom('whiteout' as const, 'opaque' as const), path }),
) as fc.Arbitrary<LayerEntry<Uint8Array>>
const layer = fc.array(entry, { maxLength: 12 }).map((entries) => ({ name: 'layer', entries }))

const root = { mode: 0o644, uid: 0, gid: 0, mtime: 0 }
const file = (path: string): LayerEntry<Uint8Array> => ({
  type: 'file',
  path,
  ...root,
  size: 3,
  content: Buffer.from('abc'),
})
const small = { name: 'layer', entries: [file('etc/passwd'), { type: 'whiteout', path: 'etc/shadow' }] } as const

test('decode gives what encode was given', () => {
  fc.assert(
    fc.property(layer, (original) => {
      expect(decode(encode(original), { name: 'layer' })).toEqual(original)
    }),
    { numRuns: 500 },
  )
})

test('equal layers give equal bytes, whatever they are called', () => {
  expect(encode({ ...small, name: 'another' })).toEqual(encode(small))
  expect(decode(encode(small), { name: 'a layer' }).name).toBe('a layer')
})

test('any change of any byte is noticed', () => {
  const whole = encode(small)
  for (let at = 0; at < whole.length; at++) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const damaged = Uint8Array.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ mask
      expect(() => decode(damaged), `byte ${at}`).toThrow(RootfsError)
    }
    expect(() => decode(whole.subarray(0, at)), `cut at ${at}`).toThrow(RootfsError)
  }
  expect(() => decode(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow(/checksum/)
})

test('an index of another layer is refused, however whole', () => {
  expect(() => decode(encode(small, 'sha256:4567 1'))).toThrow(
    'layer index: it is an index of "sha256:4567 1", not of "sha256:0123 1"; delete it, and it is made again',
  )
})

test('content that the caller refuses makes the index a damaged one', () => {
  const refuse = () => {
    throw new Error('no chunk list')
  }
  expect(() => decodeLayer(encode(small), identity, refuse)).toThrow(
    expect.objectContaining({ code: 'index', cause: expect.objectContaining({ message: 'no chunk list' }) }),
  )
})

/** An index as `encodeLayer` frames it, with a right checksum, around whatever is written. */
function forge(write: (writer: IndexWriter) => void, change: { version?: number; length?: number } = {}): Buffer {
  const writer = new IndexWriter()
  write(writer)
  const head = Buffer.from('tf-layer\0\0\0\0\0\0\0\0')
  head.writeUInt32LE(change.version ?? 1, 8)
  head.writeUInt32LE(change.length ?? writer.bytes.length, 12)
  const data = zstdCompressSync(writer.bytes)
  return Buffer.concat([head, createHash('sha256').update(head).update(data).digest(), data])
}

/** One entry, forged. */
const forgeEntry = (write: (writer: IndexWriter) => void) =>
  forge((writer) => {
    writer.text(identity)
    writer.number(1)
    write(writer)
  })

/** The fields every entry has, for a directory unless told otherwise. */
function writeFields(writer: IndexWriter, change: { tag?: number; path?: string; mode?: number; uid?: number } = {}) {
  writer.byte(change.tag ?? 0)
  writer.text(change.path ?? 'a')
  for (const value of [change.mode ?? 0, change.uid ?? 0, 0, 0]) writer.number(value)
}

describe('a forged index with a right checksum', () => {
  test('is read when it is well-formed', () => {
    expect(decode(forgeEntry((writer) => writeFields(writer))).entries).toEqual([
      { type: 'directory', path: 'a', mode: 0, uid: 0, gid: 0, mtime: 0 },
    ])
  })

  test.each<[string, RegExp, (writer: IndexWriter) => void]>([
    ['a type that is none', /no known type/, (writer) => writeFields(writer, { tag: 9 })],
    ['a flag that is none', /no known type/, (writer) => writeFields(writer, { tag: 0x80 })],
    ['attributes of a whiteout', /cannot have/, (writer) => writeFields(writer, { tag: 0x17 })],
    ['a whiteout of the root', /names the root/, (writer) => writeFields(writer, { tag: 7, path: '' })],
    ['a path out of the root', /no clean path/, (writer) => writeFields(writer, { path: 'a/../../b' })],
    ['an absolute path', /no clean path/, (writer) => writeFields(writer, { path: '/a' })],
    ['a trailing slash', /no clean path/, (writer) => writeFields(writer, { path: 'a/' })],
    ['a dot', /no clean path/, (writer) => writeFields(writer, { path: '.' })],
    ['a long path', /more than 4096 bytes/, (writer) => writeFields(writer, { path: 'a'.repeat(4097) })],
    ['a NUL in a path', /has a NUL/, (writer) => writeFields(writer, { path: 'a\0b' })],
    [
      'a NUL in a link target',
      /has a NUL/,
      (writer) => {
        writeFields(writer, { tag: 2 })
        writer.text('a\0b')
      },
    ],
    ['a mode beyond 07777', /a mode is more than 4095/, (writer) => writeFields(writer, { mode: 0o10000 })],
    ['a uid beyond 32 bits', /a uid is more than/, (writer) => writeFields(writer, { uid: 2 ** 32 })],
    ['an end in the middle', /ends in the middle/, (writer) => writer.byte(0)],
    ['a length beyond the end', /ends in the middle of a path/, (writer) => [0, 0xff, 0x7f].map((b) => writer.byte(b))],
    ['a number with leading zeros', /leading zeros/, (writer) => [0, 0x80, 0x00].map((byte) => writer.byte(byte))],
    [
      'an endless number',
      /more than 9007199254740991/,
      (writer) =>
        Array(20)
          .fill(0xff)
          .map((b) => writer.byte(b)),
    ],
    [
      'something behind the last entry',
      /behind its last entry/,
      (writer) => {
        writeFields(writer)
        writer.byte(0)
      },
    ],
    [
      'a link without target',
      /without target/,
      (writer) => {
        writeFields(writer, { tag: 2 })
        writer.text('')
      },
    ],
    [
      'a hard link out of the root',
      /no clean path/,
      (writer) => {
        writeFields(writer, { tag: 3 })
        writer.text('../etc/passwd')
      },
    ],
    [
      'an extended attribute twice',
      /there twice/,
      (writer) => {
        writeFields(writer, { tag: 0x20 })
        writer.number(2)
        for (const text of ['user.a', '1', 'user.a', '2']) writer.text(text)
      },
    ],
    [
      'nanoseconds that are none',
      /nanoseconds/,
      (writer) => {
        writeFields(writer, { tag: 0x10 })
        writer.number(0)
      },
    ],
    [
      'billions of extended attributes',
      /number of extended attributes is more than 2000000/,
      (writer) => {
        writeFields(writer, { tag: 0x20 })
        writer.number(2 ** 40)
      },
    ],
  ])('is refused for %s', (_, message, write) => {
    expect(() => decode(forgeEntry(write))).toThrow(expect.objectContaining({ code: 'index' }))
    expect(() => decode(forgeEntry(write))).toThrow(message)
  })

  test.each([0, 2])('is refused for version %d', (version) => {
    expect(() => decode(forge(() => {}, { version }))).toThrow(`it has version ${version}, known is 1`)
  })

  test('is refused for a wrong length', () => {
    for (const length of [0, 10, 1000]) {
      expect(() => decode(forge((writer) => writer.data(Buffer.alloc(100)), { length }))).toThrow(RootfsError)
    }
  })

  test('costs no more than the limits: bytes, entries, depth', () => {
    const bomb = forge((writer) => writer.data(Buffer.alloc(8 << 20)))
    expect(bomb.length).toBeLessThan(2000)
    expect(() => decode(bomb, { limits: { bytes: 1 << 20 } })).toThrow(expect.objectContaining({ code: 'limit' }))
    const lying = forge((writer) => writer.data(Buffer.alloc(8 << 20)), { length: 1 << 10 })
    expect(() => decode(lying)).toThrow(/cannot be decompressed/)
    expect(() => decode(encode(small), { limits: { entries: 1 } })).toThrow(/it has 2 entries, the limit is 1/)
    expect(() => decode(encode(small), { limits: { pathDepth: 1 } })).toThrow(/more than 1 components/)
  })

  test('gives a layer or an error of this package, whatever its entries are', () => {
    const writer = new IndexWriter()
    writer.text(identity)
    writer.number(40)
    for (const each of fc.sample(entry, { numRuns: 40, seed: 7 })) writeEntry(writer, each, (content) => content)
    const entries = Buffer.from(writer.bytes)
    const changes = fc.array(fc.tuple(fc.nat({ max: entries.length - 1 }), fc.nat({ max: 255 })), { minLength: 1 })
    fc.assert(
      fc.property(changes, (mutations) => {
        const mutant = Buffer.from(entries)
        for (const [at, byte] of mutations) mutant[at] = byte
        try {
          decode(forge((raw) => mutant.forEach((byte) => void raw.byte(byte))))
        } catch (error) {
          expect(error).toBeInstanceOf(RootfsError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

test('tens of thousands of entries are small, and read in milliseconds', () => {
  const content = createHash('sha256').update('x').digest()
  const entries = Array.from({ length: 50_000 }, (_, i) => ({
    ...file(`usr/share/doc/package-${i >> 4}/file-${i}.txt`),
    content,
  }))
  const bytes = encode({ name: 'layer', entries })
  expect(bytes.length).toBeLessThan(1_000_000)
  decode(bytes)
  const started = performance.now()
  expect(decode(bytes).entries).toHaveLength(50_000)
  // 25 ms on a quiet machine
  expect(performance.now() - started).toBeLessThan(1_000)
})
