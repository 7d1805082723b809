import { describe, expect, test } from 'vitest'
import { aclKey, aclOwner, createAcl, decodeAcl, encodeAcl } from './acl.ts'

describe('the key of an ACL', () => {
  test.each([
    [{ mode: 0o755, uid: 0, gid: 0 }, 'd7683de000c13689'],
    [{ mode: 0o660, uid: 0, gid: 6 }, '30897e6f7b123ef5'],
    [{ mode: 0, uid: 0, gid: 0 }, 'd74926895a04921e'],
    [{ mode: 0o777, uid: 0, gid: 0 }, '73e6e9d75d19d7da'],
  ])('of %o is the one libflist makes', (owner, key) => {
    expect(aclKey(createAcl(owner))).toBe(key)
  })
})

describe('the names in an ACL', () => {
  test.each([
    [0, 0, 'root', 'root'],
    [4, 4, 'sync', 'adm'],
    [33, 33, 'www-data', 'www-data'],
    [65534, 65534, 'nobody', 'nogroup'],
    [12, 12, '12', 'man'],
    [1000, 1000, '1000', '1000'],
    [4294967294, 4294967295, '-2', '-1'],
  ])('of %i:%i are %s:%s', (uid, gid, uname, gname) => {
    expect(createAcl({ mode: 0, uid, gid })).toMatchObject({ uname, gname })
  })
})

describe('an ACL record', () => {
  test.each([0, 1, 1000, 2 ** 31, 2 ** 32 - 1])('keeps the ids %i', (id) => {
    const acl = createAcl({ mode: 0o7777, uid: id, gid: id })
    expect(decodeAcl(encodeAcl(acl), 'record')).toEqual(acl)
  })

  test('of mode bits only keeps them', () => {
    expect(createAcl({ mode: 0o107644, uid: 0, gid: 0 }).mode).toBe(0o7644)
  })

  test.each([
    ['www-data', 'shadow', 33, 42],
    ['1234', '-2', 1234, 4294967294],
    ['somebody', '', 1000, 1000],
  ])('without ids goes by its names %s:%s, as 0-fs does', (uname, gname, uid, gid) => {
    const acl = { uname, gname, mode: 0o644, uid: -1, gid: -1 }
    expect(aclOwner(decodeAcl(encodeAcl(acl), 'record'))).toEqual({ mode: 0o644, uid, gid })
  })

  test.each([2n ** 32n, -2n, 2n ** 62n])('with the id %i is corrupt', (id) => {
    const bytes = encodeAcl(createAcl({ mode: 0, uid: 0, gid: 0 }))
    bytes.writeBigInt64LE(~id, 8 + 8 + 8)
    expect(() => decodeAcl(bytes, 'record')).toThrow(`record: has the owner id ${id}`)
  })
})
