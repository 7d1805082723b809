import { expect, test } from 'vitest'
import { block, END, member, padded, pax, slices } from '../test/tar-builder.ts'
import { readTar, type TarOptions } from './tar-reader.ts'

type Pieces = readonly (readonly [offset: number, length: number])[]

const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`
const numbers = (pieces: Pieces) => pieces.map(([offset, length]) => octal(offset) + octal(length)).join('')
const stored = (pieces: Pieces) => Buffer.from(pieces.map(([offset, length]) => letter(offset).repeat(length)).join(''))
const letter = (offset: number) => 'abcdefghijklmnopqrstuvwxyz'.charAt(offset % 26)

/** What a sparse file must be read as. */
function expand(size: number, pieces: Pieces): string {
  const bytes = Buffer.alloc(size)
  for (const [offset, length] of pieces) bytes.fill(letter(offset), offset, offset + length)
  return bytes.toString('latin1')
}

/** Type `S`: four pieces in the header, 21 in each block behind it. */
function gnuSparse(size: number, pieces: Pieces, fields: { name?: string; magic?: string } = {}): Buffer {
  const blocks: Buffer[] = []
  for (let start = 4; start < pieces.length; start += 21) {
    const extension = Buffer.alloc(512)
    extension.write(numbers(pieces.slice(start, start + 21)), 0, 'latin1')
    extension[504] = start + 21 < pieces.length ? 1 : 0
    blocks.push(extension)
  }
  const content = stored(pieces)
  const header = block({
    typeflag: 'S',
    magic: 'ustar  \0',
    size: content.length,
    raw: [
      [386, numbers(pieces.slice(0, 4))],
      [482, pieces.length > 4 ? '\x01' : '\0'],
      [483, octal(size)],
    ],
    ...fields,
  })
  return Buffer.concat([header, ...blocks, padded(content)])
}

/** Formats 0.0, 0.1 and 1.0 in pax headers. */
function paxSparse(format: string, size: number, pieces: Pieces): Buffer {
  const content = stored(pieces)
  if (format === '0.0') {
    const map = pieces.flatMap(([offset, length]): [string, string][] => [
      ['GNU.sparse.offset', `${offset}`],
      ['GNU.sparse.numbytes', `${length}`],
    ])
    return Buffer.concat([
      pax([['GNU.sparse.size', `${size}`], ['GNU.sparse.numblocks', `${pieces.length}`], ...map]),
      member({ name: 'f' }, content),
    ])
  }
  if (format === '0.1') {
    const map = pieces.flat().join(',')
    return Buffer.concat([
      pax([
        ['GNU.sparse.name', 'f'],
        ['GNU.sparse.size', `${size}`],
        ['GNU.sparse.map', map],
      ]),
      member({ name: 'GNUSparseFile.0/f' }, content),
    ])
  }
  const map = padded(Buffer.from([pieces.length, ...pieces.flat()].map((number) => `${number}\n`).join('')))
  return Buffer.concat([
    pax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'f'],
      ['GNU.sparse.realsize', `${size}`],
    ]),
    member({ name: 'GNUSparseFile.0/f' }, Buffer.concat([map, content])),
  ])
}

async function read(parts: readonly Buffer[], options: TarOptions = {}) {
  const files: { name: string; size: number; content: string }[] = []
  await readTar(
    slices(Buffer.concat([...parts, END]), 700),
    {
      entry: ({ name, size }) => void files.push({ name, size, content: '' }),
      data: (bytes) => {
        const file = files.at(-1)
        if (file !== undefined) file.content += Buffer.from(bytes).toString('latin1')
      },
      end: () => {},
    },
    options,
  )
  return files
}

const after = member({ name: 'after' }, 'content')
const many: Pieces = Array.from({ length: 60 }, (_, index) => [index * 1000, 10 + index])

const cases: [name: string, size: number, pieces: Pieces][] = [
  ['a hole in front', 100_000, [[99_000, 1000]]],
  ['a hole behind', 100_000, [[0, 1000]]],
  [
    'holes between',
    5000,
    [
      [0, 100],
      [1000, 700],
      [3000, 513],
    ],
  ],
  ['nothing but a hole', 200_000, []],
  [
    'an empty piece at the end, as GNU tar writes',
    4096,
    [
      [0, 5],
      [4096, 0],
    ],
  ],
  ['four pieces', 4000, many.slice(0, 4)],
  ['five pieces', 10_000, many.slice(0, 5)],
  ['25 pieces', 30_000, many.slice(0, 25)],
  ['60 pieces', 70_000, many],
  ['no hole at all', 10, [[0, 10]]],
]

for (const format of ['GNU', '0.0', '0.1', '1.0']) {
  test.each(cases)(`${format}: %s`, async (_, size, pieces) => {
    const file = format === 'GNU' ? gnuSparse(size, pieces) : paxSparse(format, size, pieces)
    expect(await read([file, after])).toEqual([
      { name: 'f', size, content: expand(size, pieces) },
      { name: 'after', size: 7, content: 'content' },
    ])
  })
}

test('a sparse file of a terabyte costs no memory and obeys the limit for content', async () => {
  const file = gnuSparse(2 ** 33 - 1, [[0, 5]])
  await expect(read([file], { limits: { contentBytes: 2 ** 30 } })).rejects.toMatchObject({ code: 'limit' })
})

const inline = (map: string, size = 100) =>
  Buffer.concat([
    pax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.realsize', `${size}`],
    ]),
    member({ name: 'f' }, padded(Buffer.from(map))),
  ])

test.each<[string, Buffer, string]>([
  [
    'pieces that overlap',
    gnuSparse(100, [
      [0, 50],
      [40, 10],
    ]),
    'the piece of 10 bytes at 40 does not fit',
  ],
  [
    'pieces out of order',
    paxSparse('0.1', 100, [
      [50, 5],
      [0, 5],
    ]),
    'the piece of 5 bytes at 0 does not fit',
  ],
  ['a piece beyond the end', paxSparse('0.0', 100, [[99, 2]]), 'the piece of 2 bytes at 99 does not fit'],
  ['a piece that makes exact numbers overflow', paxSparse('0.1', 100, [[2 ** 53 - 1, 0]]), 'does not fit'],
  [
    'less stored than mapped',
    Buffer.concat([
      pax([
        ['GNU.sparse.size', '9'],
        ['GNU.sparse.map', '0,5'],
      ]),
      member({ name: 'f' }, 'abc'),
    ]),
    'its pieces have 5 bytes, the archive holds 3',
  ],
  [
    'more stored than mapped',
    Buffer.concat([
      pax([
        ['GNU.sparse.size', '9'],
        ['GNU.sparse.map', '0,1'],
      ]),
      member({ name: 'f' }, 'abc'),
    ]),
    'its pieces have 1 bytes, the archive holds 3',
  ],
  [
    'an odd map',
    Buffer.concat([
      pax([
        ['GNU.sparse.size', '9'],
        ['GNU.sparse.map', '0,1,5'],
      ]),
      member({ name: 'f' }, 'a'),
    ]),
    'an offset lacks its length',
  ],
  [
    'offsets without length',
    Buffer.concat([
      pax([
        ['GNU.sparse.size', '9'],
        ['GNU.sparse.offset', '0'],
      ]),
      member({ name: 'f' }),
    ]),
    'an offset lacks its length',
  ],
  [
    'a map of words',
    Buffer.concat([
      pax([
        ['GNU.sparse.size', '9'],
        ['GNU.sparse.map', 'a,b'],
      ]),
      member({ name: 'f' }),
    ]),
    'its pax GNU.sparse.map is "a"',
  ],
  ['an inline map of words', inline('two\n'), '"two" is not a number'],
  ['an inline map that never ends', inline('1000\n0\n1\n'), 'it is longer than the entry'],
  ['an inline map with zeros in it', inline('1\n0\n\0\n'), 'is not a number'],
  ['an inline map longer than the entry', inline('1000\n'.padEnd(512, '0')), 'it is longer than the entry'],
  [
    'a GNU map of words',
    block({
      typeflag: 'S',
      raw: [
        [386, 'abc'],
        [398, 'def'],
      ],
    }),
    'is not a number',
  ],
  ['a negative GNU size', block({ typeflag: 'S', raw: [[483, Buffer.alloc(12, 0xff)]] }), 'is not a number'],
])('%s are refused', async (_, file, problem) => {
  const error = await read([file], { name: 'layer' }).catch((reason) => reason)
  expect(error.message).toContain('layer, entry "f" at byte')
  expect(error.message).toContain(problem)
  expect(error.code).toBe('corrupt')
})

test('an unknown format is refused', async () => {
  const file = Buffer.concat([
    pax([
      ['GNU.sparse.major', '2'],
      ['GNU.sparse.size', '9'],
    ]),
    member({ name: 'f' }),
  ])
  const error = await read([file]).catch((reason) => reason)
  expect(error.message).toContain('sparse format 2.0 is not known')
  expect(error.code).toBe('unsupported')
})

test.each([
  ['GNU', gnuSparse(70_000, many).subarray(0, 600)],
  ['1.0', paxSparse('1.0', 70_000, many).subarray(0, 1700)],
])('an archive that ends within a map of format %s is refused', async (_, cut) => {
  await expect(readTar(slices(cut), { entry: () => {}, data: () => {}, end: () => {} })).rejects.toMatchObject({
    code: 'truncated',
  })
})

test.each([
  ['GNU', gnuSparse(70_000, many)],
  ['1.0', paxSparse('1.0', 70_000, many)],
])('a long map of format %s obeys the limit for headers', async (_, file) => {
  await expect(read([file], { limits: { extensionBytes: 600 } })).rejects.toMatchObject({ code: 'limit' })
})
