import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { paxRecord } from '../test/tar-builder.ts'
import { interpretPax, parsePaxRecords } from './pax.ts'

const AT = { archive: 'test', offset: 0 }

const parse = (text: string) => parsePaxRecords(Buffer.from(text, 'latin1'), AT)
const interpret = (...records: [string, string][]) =>
  interpretPax(parse(records.map(([keyword, value]) => paxRecord(keyword, value)).join('')), AT)

describe('records', () => {
  test('any keyword and any bytes come back as they were written', () => {
    const keyword = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((text) => !text.includes('='))
    const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
    fc.assert(
      fc.property(fc.array(fc.tuple(keyword, value)), (records) => {
        const text = records.map(([key, bytes]) => paxRecord(key, bytes)).join('')
        expect(parse(text).map((record) => [record.keyword, record.value.toString('latin1')])).toEqual(records)
      }),
    )
  })

  test.each([
    ['a length that is no number', 'xx path=a\n'],
    ['a negative length', '-9 path=a\n'],
    ['a length of zero', '0 path=a\n'],
    ['a length beyond the header', '99 path=a\n'],
    ['a length of many digits', '99999999999999999999999999 path=a\n'],
    ['a length that ends too early', '8 path=abc\n'],
    ['no newline', '9 path=ab'],
    ['no equals sign', '8 pathx\n'],
    ['no space', '12path=a\n'],
    ['an equals sign of the next record only', '4 a\n8 b=cde\n'],
    ['zeros behind the records', '9 path=a\n\0\0\0'],
  ])('%s is refused', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })
})

describe('times', () => {
  test.each([
    ['0', 0, 0],
    ['1700000000', 1_700_000_000, 0],
    ['1.5', 1, 500_000_000],
    ['1.000000001', 1, 1],
    ['1.0000000019', 1, 1],
    ['1.', 1, 0],
    ['-1', -1, 0],
    ['-0', 0, 0],
    ['-1.5', -2, 500_000_000],
    ['-0.000000001', -1, 999_999_999],
    ['-1.0000000001', -2, 999_999_999],
  ])('%s is %d s and %d ns', (text, seconds, nanos) => {
    expect(interpret(['mtime', text]).mtime).toStrictEqual({ seconds, nanos })
  })

  test.each(['now', '1e9', '1,5', '.5', '--1', '9'.repeat(16)])('%s is refused', (text) => {
    expect(() => interpret(['mtime', text])).toThrow(`its pax mtime is "${text}"`)
  })
})

describe('values', () => {
  test('names are bytes, not UTF-8', () => {
    expect(interpret(['path', 'caf\xe9'], ['linkpath', '\xff'])).toEqual({ path: 'caf\xe9', linkPath: '\xff' })
  })

  test('numbers may be larger than a header block holds', () => {
    expect(interpret(['size', '1099511627776'], ['uid', '4294967295'], ['gid', '2097152'])).toEqual({
      size: 2 ** 40,
      uid: 2 ** 32 - 1,
      gid: 2 ** 21,
    })
  })

  test.each([
    ['size', '-1'],
    ['size', '9007199254740992'],
    ['size', '1e3'],
    ['uid', '4294967296'],
    ['gid', '-2'],
    ['path', 'a\0b'],
  ])('%s=%j is refused', (keyword, value) => {
    expect(() => interpret([keyword, value])).toThrow(`its pax ${keyword} is ${JSON.stringify(value)}`)
  })

  test('the last of several holds, an empty one takes all of them back', () => {
    expect(interpret(['path', 'a'], ['path', 'b'], ['uid', '1'], ['uid', ''])).toEqual({ path: 'b', uid: undefined })
  })

  test('extended attributes are bytes, and may be empty', () => {
    const { xattrs } = interpret(['SCHILY.xattr.security.capability', '\x01\x00\xff\n='], ['SCHILY.xattr.user.e', ''])
    expect([...(xattrs ?? [])]).toEqual([
      ['security.capability', Uint8Array.of(1, 0, 255, 10, 61)],
      ['user.e', new Uint8Array()],
    ])
  })

  test('GNU tar escapes = and % in the name of an extended attribute, other characters stay', () => {
    const { xattrs } = interpret(['SCHILY.xattr.user.a%3Db%25c%20d', 'x'])
    expect([...(xattrs?.keys() ?? [])]).toEqual(['user.a=b%c%20d'])
  })

  test('libarchive writes them URL- and base64-encoded', () => {
    const { xattrs } = interpret(['LIBARCHIVE.xattr.user.a%20b', 'AAH/'])
    expect([...(xattrs ?? [])]).toEqual([['user.a b', Uint8Array.of(0, 1, 255)]])
  })

  test('that archives have as text stand under their keywords', () => {
    const { xattrs } = interpret(
      ['SCHILY.acl.access', 'user::rw-'],
      ['RHT.security.selinux', 'system_u:object_r:etc_t:s0'],
    )
    expect([...(xattrs ?? [])].map(([name, value]) => [name, Buffer.from(value).toString()])).toEqual([
      ['SCHILY.acl.access', 'user::rw-'],
      ['RHT.security.selinux', 'system_u:object_r:etc_t:s0'],
    ])
  })

  test('what is not an attribute of the tree is left out', () => {
    expect(interpret(['comment', 'x'], ['uname', 'root'], ['atime', '1'])).toEqual({})
  })
})
