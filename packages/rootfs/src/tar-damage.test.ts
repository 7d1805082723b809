import { describe, expect, test } from 'vitest'
import { archive, fails, read } from '../test/read-entries.ts'
import { type BlockFields, block, END, member, pax } from '../test/tar-builder.ts'
import { RootfsError } from './error.ts'
import type { TarOptions } from './tar-reader.ts'

describe('the end', () => {
  const entry = member({ name: 'f' }, 'content')

  test.each([
    ['an empty input', Buffer.alloc(0), 0],
    ['nothing but the end, as in an empty layer', END, 0],
    ['two blocks of zeros', archive(entry), 1],
    ['a record of many blocks of zeros', Buffer.concat([entry, Buffer.alloc(10_240)]), 1],
    ['one block of zeros', Buffer.concat([entry, Buffer.alloc(512)]), 1],
    ['none at all', entry, 1],
    ['a global header alone', pax([['comment', 'git']], 'g'), 0],
    ['something behind the end', Buffer.concat([archive(entry), entry, Buffer.from('rubbish')]), 1],
  ])('%s is read', async (_, input, count) => {
    expect(await read(input)).toHaveLength(count)
  })

  test('the source is read to its end, so that its digest is checked', async () => {
    async function* checked() {
      yield archive(entry)
      yield Buffer.alloc(512)
      throw new Error('digest mismatch')
    }
    await expect(read(checked())).rejects.toThrow('digest mismatch')
  })

  test.each([
    [
      'within a header',
      entry.subarray(0, 100),
      'layer 3: not a tar archive, its first 100 bytes are no tar header; check what was given',
    ],
    [
      'within a second header',
      Buffer.concat([entry, entry.subarray(0, 100)]),
      'layer 3, at byte 1024: the archive ends within a header; it was cut off',
    ],
    [
      'within content',
      entry.subarray(0, 515),
      'layer 3, entry "f" at byte 0: the archive ends 4 bytes before the end of its content; it was cut off',
    ],
    [
      'before content',
      entry.subarray(0, 512),
      'layer 3, entry "f" at byte 0: the archive ends 7 bytes before the end of its content; it was cut off',
    ],
    [
      'within the padding',
      entry.subarray(0, 1000),
      'layer 3, entry "f" at byte 0: the archive ends within the block that ends its content; it was cut off',
    ],
    [
      'within a pax header',
      pax([['path', 'x']]).subarray(0, 515),
      'layer 3, at byte 0: the archive ends within an extended header; it was cut off',
    ],
    [
      'after a pax header',
      pax([['path', 'x']]),
      'layer 3, at byte 1024: an extended header lacks its entry; the archive is damaged',
    ],
    [
      'after a pax header, with an end',
      archive(pax([['path', 'x']])),
      'layer 3, at byte 1024: an extended header lacks its entry; the archive is damaged',
    ],
    [
      'within a block of zeros',
      Buffer.concat([entry, Buffer.alloc(100)]),
      'layer 3, at byte 1024: the archive ends within a block; it was cut off',
    ],
  ])('an archive cut %s is refused', async (_, input, message) => {
    const error = await fails(input)
    expect(error.message).toContain(message)
    expect(error.code).toBe(message.includes('not a tar') ? 'not-tar' : 'truncated')
  })

  test('every cut but those at an entry is refused', async () => {
    const input = Buffer.concat([entry, pax([['uid', '1']]), block({ name: 'g' }), END])
    const whole = [0, 1024, 2560, 3072, 3584]
    for (let end = 1; end < input.length; end += 31) {
      if (!whole.includes(end)) await expect(read(input.subarray(0, end)), `cut at ${end}`).rejects.toThrow(RootfsError)
    }
    for (const end of whole) await expect(read(input.subarray(0, end))).resolves.toBeDefined()
  })
})

describe('what is refused', () => {
  test.each([
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'it looks like gzip'],
    ['an error page', Buffer.from('<!DOCTYPE html>'.padEnd(600)), 'it looks like HTML or XML'],
    ['an answer of a registry', Buffer.from('{"errors":[]}'), 'it looks like JSON'],
    ['random bytes', Buffer.alloc(2048, 'rubbish'), 'its first 512 bytes are no tar header'],
  ])('%s is no tar archive', async (_, input, hint) => {
    const error = await fails(input)
    expect(error.message).toBe(`layer 3: not a tar archive, ${hint}; check what was given`)
    expect(error.code).toBe('not-tar')
  })

  test('a flipped bit in a header', async () => {
    const input = archive(member({ name: 'a' }), member({ name: 'b' }))
    input.writeUInt8(input.readUInt8(512) ^ 1, 512)
    const error = await fails(input)
    expect(error).toMatchObject({ code: 'corrupt', offset: 512 })
    expect(error.message).toContain('layer 3, at byte 512: no valid header here (its checksum is wrong)')
  })

  test('an entry between blocks of zeros, which tars that stop there would not see', async () => {
    const error = await fails(Buffer.concat([member({ name: 'a' }), Buffer.alloc(512), member({ name: 'b' }), END]))
    expect(error).toMatchObject({ code: 'corrupt', offset: 512 })
  })

  test.each(['M', 'N', 'D', 'Q', '8'])('an entry of the unknown type %s', async (typeflag) => {
    const error = await fails(archive(member({ name: 'strange', typeflag })))
    expect(error.message).toBe(
      `layer 3, entry "strange" at byte 0: entries of type "${typeflag}" are not known; leave it out`,
    )
    expect(error).toMatchObject({ code: 'unsupported', entry: 'strange' })
  })

  const huge = Buffer.from([0x80, 0, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255])
  test.each<[string, BlockFields, string]>([
    ['a negative size', { size: Buffer.alloc(12, 0xff) }, 'its size is "-1"'],
    ['a size beyond exact numbers', { size: huge }, 'its size is "\x80'],
    ['a size that is no number', { size: Buffer.from('0000000zz\0\0\0') }, 'its size is "0000000zz'],
    ['an owner beyond 32 bits', { uid: Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 0]) }, 'its uid is "4294967296"'],
    ['a negative owner', { uid: Buffer.alloc(8, 0xff) }, 'its uid is "-1"'],
    ['a time that is no number', { mtime: Buffer.from('yesterday\0\0\0') }, 'its mtime is "yesterday'],
  ])('%s', async (_, fields, problem) => {
    const error = await fails(archive(block({ name: 'n', ...fields })))
    expect(error.message).toContain(`layer 3, entry "n" at byte 0: ${problem}`)
    expect(error.code).toBe('corrupt')
  })

  test.each<[string, Buffer, TarOptions['limits'], string]>([
    [
      'long pax headers',
      Buffer.concat([pax([['path', 'p'.repeat(600)]]), block()]),
      { extensionBytes: 500 },
      'the extended headers of one entry have 610 bytes, the limit is 500',
    ],
    [
      'many small pax headers',
      Buffer.concat([pax([['a', 'b']]), pax([['a', 'b']]), block()]),
      { extensionBytes: 11 },
      'the extended headers of one entry have 12 bytes, the limit is 11',
    ],
    [
      'a pax header that says it is huge',
      block({ typeflag: 'x', size: 0o77777777777 }),
      {},
      'the extended headers of one entry have 8589934591 bytes, the limit is 1048576',
    ],
    [
      'long global headers',
      pax([['SCHILY.xattr.user.x', 'v'.repeat(600)]], 'g'),
      { extensionBytes: 600 },
      'the extended headers of one entry have 625 bytes, the limit is 600',
    ],
    [
      'growing global headers',
      Buffer.concat([pax([['SCHILY.xattr.a', 'v'.repeat(60)]], 'g'), pax([['SCHILY.xattr.b', 'v'.repeat(60)]], 'g')]),
      { extensionBytes: 100 },
      'the global headers have 148 bytes, the limit is 100',
    ],
    ['many entries', Buffer.concat([block(), block(), block()]), { entries: 2 }, 'too many entries, the limit is 2'],
    ['long names', block({ name: 'n'.repeat(50) }), { pathLength: 49 }, 'its name has 50 bytes, the limit is 49'],
    [
      'long link targets',
      block({ typeflag: '2', linkName: 'n'.repeat(50) }),
      { pathLength: 49 },
      'its link target has 50 bytes, the limit is 49',
    ],
    [
      'large files',
      block({ size: 1001 }),
      { contentBytes: 1000 },
      'with its 1001 bytes the files so far are too large, the limit is 1000',
    ],
    [
      'much metadata',
      Buffer.concat([pax([['SCHILY.xattr.user.x', 'v'.repeat(100)]]), block()]),
      { metadataBytes: 100 },
      'too many bytes of names and extended attributes so far, the limit is 100',
    ],
  ])('%s, beyond a limit', async (_, input, limits, problem) => {
    const error = await fails(archive(input), limits === undefined ? {} : { limits })
    expect(error.message).toContain(`${problem}; raise it if this is meant`)
    expect(error.code).toBe('limit')
  })
})
