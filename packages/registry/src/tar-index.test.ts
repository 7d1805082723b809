import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure } from '../test/collect.ts'
import { writeLayout } from '../test/layout-fixture.ts'
import { indexTar, type TarEntry } from './tar-index.ts'

let folder: string
let count = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tar-index-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function index(tar: Buffer): Promise<Map<string, TarEntry>> {
  const path = join(folder, `${count++}.tar`)
  await writeFile(path, tar)
  await using file = await open(path)
  return await indexTar(file, 'x.tar')
}

/** Contents of the files found. */
async function contents(tar: Buffer): Promise<Record<string, string>> {
  const found = await index(tar)
  return Object.fromEntries(
    [...found].map(([name, { offset, size }]) => [name, tar.toString('latin1', offset, offset + size)]),
  )
}

type Header = {
  name?: string
  size?: number | string
  type?: string
  link?: string
  prefix?: string
  magic?: string
}

/** One entry: header with a right checksum, and content filled up to whole blocks. */
function entry(header: Header, content = ''): Buffer {
  const block = Buffer.alloc(512)
  block.write(header.name ?? 'f', 0, 'latin1')
  const size = header.size ?? content.length
  block.write(typeof size === 'string' ? size : `${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  block.write(header.type ?? '0', 156, 'latin1')
  block.write(header.link ?? '', 157, 'latin1')
  block.write(header.magic ?? 'ustar\0' + '00', 257, 'latin1')
  block.write(header.prefix ?? '', 345, 'latin1')
  block.write(' '.repeat(8), 148)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  const body = Buffer.from(content, 'latin1')
  return Buffer.concat([block, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

function pax(...records: string[]): Buffer {
  const text = records.map((record) => {
    let length = record.length + 3
    while (`${length} ${record}\n`.length !== length) length = `${length} ${record}\n`.length
    return `${length} ${record}\n`
  })
  return entry({ name: 'PaxHeaders/f', type: 'x' }, text.join(''))
}

const END = Buffer.alloc(1024)
const tar = (...entries: Buffer[]): Buffer => Buffer.concat([...entries, END])

describe('tars of GNU tar', () => {
  const long = `blobs/sha512/${'a'.repeat(128)}`
  const files = new Map([
    ['index.json', Buffer.from('{}')],
    ['empty', Buffer.alloc(0)],
    ['deep/er/block', Buffer.alloc(512, 'b')],
    [long, Buffer.from('long name')],
  ])

  test.each(['gnu', 'pax', 'posix', 'oldgnu'])('format %s', async (format) => {
    const source = await mkdtemp(join(folder, 'source-'))
    await writeLayout(source, files)
    const output = join(folder, `${format}.tar`)
    execFileSync('tar', ['-C', source, `--format=${format}`, '-cf', output, '.'])
    await using file = await open(output)
    const found = await contents(await file.readFile())
    expect(found).toEqual(Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString()])))
  })
})

describe('headers', () => {
  test.each<[string, Buffer, Record<string, string>]>([
    ['prefix of ustar', tar(entry({ name: 'name', prefix: 'a/b' }, 'x')), { 'a/b/name': 'x' }],
    [
      'a prefix field of GNU is not one',
      tar(entry({ name: 'name', prefix: '0123', magic: 'ustar  ' }, 'x')),
      { name: 'x' },
    ],
    [
      'types of old tars',
      tar(entry({ name: 'a', type: '\0' }, 'x'), entry({ name: 'b', type: '7' }, 'y')),
      { a: 'x', b: 'y' },
    ],
    ['the last of a name counts', tar(entry({ name: 'a' }, 'old'), entry({ name: './a' }, 'new')), { a: 'new' }],
    [
      'pax path and size',
      tar(
        pax('path=long', 'size=3'),
        entry({ name: 'f', size: 0 }),
        Buffer.concat([Buffer.from('abc'), Buffer.alloc(509)]),
      ),
      { long: 'abc' },
    ],
    [
      'pax counts for one entry',
      tar(pax('path=long'), entry({}, 'a'), entry({ name: 'b' }, 'b')),
      { long: 'a', b: 'b' },
    ],
    [
      'a global pax header changes nothing',
      tar(entry({ type: 'g' }, '12 path=evil'), entry({ name: 'a' }, 'a')),
      { a: 'a' },
    ],
    [
      'GNU long name and link',
      tar(entry({ type: 'L' }, 'long\0'), entry({ type: 'K' }, 'target\0'), entry({}, 'a')),
      { long: 'a' },
    ],
    ['binary size', tar(entry({ name: 'a', size: '\x80\0\0\0\0\0\0\0\0\0\0\x02' }, 'xy')), { a: 'xy' }],
    [
      'directories and links have no content',
      tar(
        entry({ name: 'd', type: '5', size: 4096 }),
        entry({ name: 'l', type: '2', size: 99 }),
        entry({ name: 'a' }, 'x'),
      ),
      { a: 'x' },
    ],
    ['no end marker', entry({ name: 'a' }, 'x'), { a: 'x' }],
    [
      'nothing after the end marker',
      Buffer.concat([tar(entry({ name: 'a' }, 'x')), entry({ name: 'b' }, 'y')]),
      { a: 'x' },
    ],
    ['empty', Buffer.alloc(0), {}],
  ])('%s', async (_, bytes, expected) => {
    expect(await contents(bytes)).toEqual(expected)
  })

  test('names of more than 255 characters are left out', async () => {
    const found = await index(tar(entry({ type: 'L' }, 'n'.repeat(256)), entry({}, 'x'), entry({ name: 'b' })))
    expect([...found.keys()]).toEqual(['b'])
  })
})

describe('links lead to files of the same tar', () => {
  const link = (name: string, target: string, type = '2') => entry({ name, link: target, type })
  const file = entry({ name: 'a/layer.tar' }, 'x')
  test.each<[string, Buffer, string[]]>([
    ['a symbolic link, from where it is', tar(file, link('b/layer.tar', '../a/layer.tar')), ['b/layer.tar']],
    ['a symbolic link before its target', tar(link('b', 'a/layer.tar'), file), ['b']],
    ['a hard link, by the name in the tar', tar(file, link('b/layer.tar', './a/layer.tar', '1')), ['b/layer.tar']],
    ['a link to a link', tar(file, link('b', 'a/layer.tar'), link('c', 'b', '1')), ['b', 'c']],
    ['long names of GNU', tar(file, entry({ type: 'K' }, `${'./'.repeat(60)}a/layer.tar\0`), link('b', 'cut')), ['b']],
    ['long names of pax', tar(file, pax('linkpath=a/layer.tar'), link('b', 'cut')), ['b']],
    ['a link to nothing', tar(file, link('b', 'none')), []],
    ['a link out of the tar', tar(file, link('b', '../../etc/passwd'), link('c', '/etc/passwd')), []],
    ['links in a circle', tar(file, link('b', 'c'), link('c', 'b')), []],
    ['a link that a directory replaces', tar(file, link('b', 'a/layer.tar'), entry({ name: 'b', type: '5' })), []],
  ])('%s', async (_, bytes, links) => {
    const found = Object.fromEntries(['a/layer.tar', ...links].map((name) => [name, 'x']))
    expect(await contents(bytes)).toEqual(found)
  })
})

describe('damage', () => {
  const flipped = tar(entry({ name: 'a' }, 'x'))
  flipped[0] = 0x7a
  test.each<[string, Buffer, string]>([
    ['a wrong checksum', flipped, 'has no tar header at byte 0'],
    ['no tar at all', Buffer.alloc(2048, 'x'), 'has no tar header at byte 0'],
    ['a cut header', tar(entry({ name: 'a' }, 'x')).subarray(0, 300), 'has no tar header at byte 0'],
    ['cut content', entry({ name: 'a', size: 5000 }, 'x'), 'is cut off in the entry at byte 0'],
    ['a negative size', tar(entry({ name: 'a', size: '-0000000001\0' })), 'is cut off in the entry at byte 0'],
    [
      'a size beyond numbers',
      tar(entry({ name: 'a', size: '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' })),
      'is cut off',
    ],
    [
      'a pax size beyond the file',
      tar(pax('size=99999999'), entry({ name: 'a' }, 'x')),
      'is cut off in the entry at byte 1024',
    ],
    ['a pax size that is no number', tar(pax('size=x'), entry({ name: 'a' }, 'x')), 'is cut off'],
    [
      'a huge extension',
      tar(entry({ name: 'a', type: 'x' }, 'y'.repeat(1024 * 1024 + 1))),
      'has a header of 1048577 bytes',
    ],
  ])('%s', async (_, bytes, problem) => {
    const error = await failure(index(bytes))
    expect(error.code).toBe('bad-layout')
    expect(error.message).toContain(`"x.tar": ${problem}`)
    expect(error.message).toContain('; copy or make the tar file again')
  })

  test.each(['0 path=x\n', '-5 path=x\n', 'nonsense', '999999 path=x\n', ' =\n'])(
    'pax records that make no sense end: %j',
    async (records) => {
      const found = await contents(tar(entry({ type: 'x' }, records), entry({ name: 'a' }, 'x')))
      expect(Object.values(found)).toEqual(['x'])
    },
  )
})
