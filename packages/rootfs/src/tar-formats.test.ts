import { describe, expect, test } from 'vitest'
import { archive, only, type Read, read } from '../test/read-entries.ts'
import { type BlockFields, block, member, padded, pax } from '../test/tar-builder.ts'

describe('header blocks', () => {
  test.each<[string, BlockFields, Partial<Read>]>([
    ['Unix v7 has no magic', { magic: '', name: 'f' }, { type: 'file', name: 'f' }],
    [
      'v7 directories are files with a slash',
      { magic: '', name: 'd/', typeflag: '\0' },
      { type: 'directory', name: 'd/' },
    ],
    ['the type NUL is a file', { typeflag: '\0' }, { type: 'file' }],
    ['a contiguous file is a file', { typeflag: '7' }, { type: 'file' }],
    ['v7 device fields mean nothing', { magic: '', typeflag: '3', major: 1, minor: 3 }, { major: 0, minor: 0 }],
    [
      'GNU device fields',
      { magic: 'ustar  \0', typeflag: '4', major: 8, minor: 1 },
      { type: 'block', major: 8, minor: 1 },
    ],
    ['device fields of other types mean nothing', { major: 8, minor: 1 }, { major: 0, minor: 0 }],
    ['a posix prefix', { name: 'b', prefix: 'a' }, { name: 'a/b' }],
    ['no prefix in GNU headers: times stand there', { magic: 'ustar  \0', name: 'b', prefix: '123' }, { name: 'b' }],
    [
      'a star prefix ends before the times',
      { name: 'b', prefix: 'p'.repeat(140), raw: [[508, 'tar\0']] },
      { name: `${'p'.repeat(131)}/b` },
    ],
    [
      'names that fill their field',
      { name: 'n'.repeat(100), prefix: 'p'.repeat(155) },
      { name: `${'p'.repeat(155)}/${'n'.repeat(100)}` },
    ],
    ['names that are no UTF-8', { name: 'caf\xe9' }, { name: 'caf\xe9' }],
    ['names end at a NUL', { name: 'a\0b' }, { name: 'a' }],
    ['a sum of signed bytes', { name: '\xe9\xff', signedChecksum: true }, { name: '\xe9\xff' }],
    ['type bits in the mode', { mode: 0o104755 }, { mode: 0o4755 }],
    ['a time before 1970', { mtime: Buffer.alloc(12, 0xff) }, { mtime: -1 }],
    ['an owner beyond octal', { uid: Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe]) }, { uid: 2 ** 32 - 2 }],
    [
      'a link has no content, whatever its size says',
      { typeflag: '1', linkName: 'x', size: 5 },
      { size: 0, linkName: 'x' },
    ],
    ['a directory has no content, whatever its size says', { typeflag: '5', size: 4096 }, { size: 0 }],
    ['the link name of a file means nothing', { linkName: 'x' }, { linkName: '' }],
  ])('%s', async (_, fields, expected) => {
    expect(await only(block(fields))).toMatchObject(expected)
  })

  test('the content of a file that is a directory by its name is skipped', async () => {
    const entries = await read(archive(member({ name: 'd/' }, 'skipped'), member({ name: 'f' }, 'kept')))
    expect(entries).toMatchObject([
      { name: 'd/', type: 'directory', content: '' },
      { name: 'f', content: 'kept' },
    ])
  })

  test('offsets are those of the header blocks', async () => {
    const entries = await read(archive(member({ name: 'a' }, 'x'), pax([['uid', '1']]), member({ name: 'b' })))
    expect(entries.map(({ offset }) => offset)).toEqual([0, 2048])
  })
})

describe('extended headers', () => {
  const long = `${'d/'.repeat(200)}f`

  test.each<[string, Buffer[], Partial<Read>]>([
    [
      'pax names',
      [
        pax([
          ['path', long],
          ['linkpath', 'l\xe9'],
        ]),
        block({ typeflag: '1' }),
      ],
      { name: long, linkName: 'l\xe9' },
    ],
    [
      'pax owners',
      [
        pax([
          ['uid', '3000000'],
          ['gid', '4000000'],
        ]),
        block(),
      ],
      { uid: 3_000_000, gid: 4_000_000 },
    ],
    ['pax times', [pax([['mtime', '-1.25']]), block()], { mtime: -2, mtimeNanos: 750_000_000 }],
    [
      'a pax size replaces that of the block',
      [pax([['size', '3']]), block({ size: 0 }), padded(Buffer.from('abc'))],
      { size: 3, content: 'abc' },
    ],
    ['an empty pax value leaves the block as it is', [pax([['path', '']]), block({ name: 'n' })], { name: 'n' }],
    ['pax headers of Solaris', [pax([['path', 'p']], 'X'), block()], { name: 'p' }],
    ['GNU long names', [member({ typeflag: 'L' }, `${long}\0`), block()], { name: long }],
    ['GNU long link names', [member({ typeflag: 'K' }, `${long}\0`), block({ typeflag: '2' })], { linkName: long }],
    [
      'both GNU long names',
      [member({ typeflag: 'K' }, 'l\0'), member({ typeflag: 'L' }, 'n\0'), block({ typeflag: '1' })],
      { name: 'n', linkName: 'l' },
    ],
    ['GNU long names without a NUL', [member({ typeflag: 'L' }, 'nnn'), block()], { name: 'nnn' }],
    ['pax goes before GNU', [member({ typeflag: 'L' }, 'gnu\0'), pax([['path', 'pax']]), block()], { name: 'pax' }],
    ['a trailing slash of a long name', [member({ typeflag: 'L' }, 'dir/\0'), block()], { type: 'directory' }],
    [
      'global attributes',
      [
        pax(
          [
            ['uid', '7'],
            ['mtime', '1.5'],
          ],
          'g',
        ),
        block(),
      ],
      { uid: 7, mtime: 1, mtimeNanos: 500_000_000 },
    ],
    ['an own header before a global one', [pax([['uid', '7']], 'g'), pax([['uid', '8']]), block()], { uid: 8 }],
    [
      'no global names and sizes',
      [
        pax(
          [
            ['path', 'g'],
            ['size', '9'],
            ['comment', 'git'],
          ],
          'g',
        ),
        block({ name: 'n' }),
      ],
      { name: 'n', size: 0 },
    ],
    ['a GNU volume name is no entry', [block({ typeflag: 'V', name: 'backup' }), block({ name: 'n' })], { name: 'n' }],
  ])('%s', async (_, parts, expected) => {
    expect(await only(...parts)).toMatchObject(expected)
  })

  test('they hold for one entry, global ones for all that follow', async () => {
    const input = archive(pax([['gid', '5']], 'g'), pax([['uid', '6']]), block({ name: 'a' }), block({ name: 'b' }))
    expect(await read(input)).toMatchObject([
      { name: 'a', uid: 6, gid: 5 },
      { name: 'b', uid: 0, gid: 5 },
    ])
  })

  test('extended attributes are bytes', async () => {
    const { xattrs } = await only(pax([['SCHILY.xattr.user.x', '\x00\xff']]), block())
    expect([...(xattrs ?? [])]).toEqual([['user.x', Uint8Array.of(0, 255)]])
  })
})
