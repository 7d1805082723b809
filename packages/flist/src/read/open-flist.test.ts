import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inDirectory, writeRawFlist } from '../../test/raw-flist.ts'
import { bytes, directory, file, special, symlink } from '../../test/trees.ts'
import { loadVector } from '../../test/vectors.ts'
import { aclKey, createAcl, encodeAcl } from '../format/acl.ts'
import { directoryKey } from '../format/directory-key.ts'
import {
  type DirectoryRecord,
  encodeDirectory,
  type InodeAttributes,
  type InodeRecord,
} from '../format/directory-record.ts'
import { writeFlist } from '../write/write-flist.ts'
import { type Flist, openFlist } from './open-flist.ts'

const ACL = createAcl({ mode: 0o755, uid: 0, gid: 0 })

/** Opens a flist made of records as they are. */
function withRecords<T>(records: Record<string, Partial<DirectoryRecord>>, use: (flist: Flist) => T): Promise<T> {
  return inDirectory(async (target) => {
    const rows = Object.entries(records).map(([path, record]): [string, Uint8Array] => [
      directoryKey(path),
      encodeDirectory({ ...EMPTY, ...record }),
    ])
    using flist = await openFlist(
      await writeRawFlist(join(target, 'a.flist'), [[aclKey(ACL), encodeAcl(ACL)], ...rows]),
    )
    return use(flist)
  })
}

const EMPTY: DirectoryRecord = {
  name: '',
  location: '',
  contents: [],
  parent: '',
  size: 4096,
  aclKey: aclKey(ACL),
  modificationTime: 0,
  creationTime: 0,
}

const entry = (name: string, attributes: InodeAttributes, details: Partial<InodeRecord> = {}): InodeRecord => ({
  name,
  size: 0,
  attributes,
  aclKey: aclKey(ACL),
  modificationTime: 0,
  creationTime: 0,
  ...details,
})
const dirEntry = (name: string, path: string) => entry(name, { kind: 'dir', key: directoryKey(path) })
const link = (name: string) => entry(name, { kind: 'link', target: '/' })

describe('an open flist', () => {
  const tree = directory({
    bin: symlink('usr/bin'),
    usr: directory({ bin: directory({ sh: file(0, undefined, { mode: 0o4755, uid: 3 }) }), é: special('fifo') }),
    'usr-x': file(),
  })
  const use = <T>(action: (flist: Flist) => T) =>
    inDirectory(async (target) => {
      await writeFlist(tree, { environ: { A: 'b' }, note: 'x' }, join(target, 'a.flist'))
      using flist = await openFlist(join(target, 'a.flist'))
      return action(flist)
    })

  test('finds objects by path', () =>
    use((flist) => {
      expect(flist.lookup('')).toEqual(flist.root())
      expect(flist.lookup('usr/bin/sh')).toEqual(file(0, new Uint8Array(), { mode: 0o4755, uid: 3 }))
      expect(flist.lookup(bytes('usr/é'))).toMatchObject({ type: 'fifo' })
    }))

  test.each(['no', 'usr/no', '/usr', 'usr/', 'usr/.', 'usr/../usr', 'usr-x/a', 'bin/sh'])(
    'finds nothing at %j',
    (path) => use((flist) => expect(flist.lookup(path)).toBeUndefined()),
  )

  test('lists a directory by bytes', () =>
    use((flist) => {
      expect(flist.list(flist.root()).map(({ name }) => name)).toEqual(['bin', 'usr', 'usr-x'])
    }))

  test('is walked parents first, siblings by bytes', () =>
    use((flist) => {
      const paths = Array.from(flist.walk(), ({ path }) => path)
      expect(paths).toEqual(['', 'bin', 'usr', 'usr/bin', 'usr/bin/sh', bytes('usr/é'), 'usr-x'])
    }))

  test('has its metadata', () =>
    use((flist) => {
      expect(flist.metadata).toEqual({ environ: { A: 'b' }, note: 'x' })
    }))

  test('may be closed twice', () =>
    use((flist) => {
      flist.close()
      expect(() => flist.lookup('usr')).toThrow(expect.objectContaining({ code: 'invalid' }))
    }))
})

test('nothing of an open flist lies about in the file system', async () => {
  await inDirectory(async (target) => {
    using _flist = await openFlist(loadVector('basic').flist, { temporaryDirectory: target })
    expect(await readdir(target)).toEqual([])
  })
})

test('opening stops when it is called off', async () => {
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(openFlist(loadVector('basic').flist, { signal })).rejects.toThrow('enough')
})

test('a temporary directory that is not there is named', async () => {
  const opened = openFlist(loadVector('basic').flist, { temporaryDirectory: '/nowhere' })
  await expect(opened).rejects.toMatchObject({
    code: 'io',
    message: expect.stringMatching(/^\/nowhere: holds no temporary files/),
  })
})

test('a flist over the limit is not opened', async () => {
  const opened = openFlist(loadVector('bigdir').flist, { maxDatabaseBytes: 400_000 })
  await expect(opened).rejects.toMatchObject({ code: 'too-large' })
})

describe('a hostile flist', () => {
  const read = (flist: Flist) => flist.readTree()

  test.each(['..', '.', '', 'a/b', '/etc', '../x', '\0', 'a\0b', 'n'.repeat(256)])(
    'with the name %j is unsafe',
    async (name) => {
      const records = { '': { contents: [link(name)] } }
      await expect(withRecords(records, read)).rejects.toMatchObject({ code: 'unsafe-path' })
    },
  )

  test('with a link and a directory of one name is corrupt', async () => {
    const records = { '': { contents: [dirEntry('etc', 'etc'), link('etc')] }, etc: { contents: [link('passwd')] } }
    await expect(withRecords(records, read)).rejects.toThrow(/: "\/etc" is there twice; make the flist again$/)
  })

  test('that leads back into itself ends', async () => {
    const records = { '': { contents: [dirEntry('a', 'a')] }, a: { contents: [dirEntry('up', '')] } }
    await expect(withRecords(records, read)).rejects.toThrow(/: "\/a\/up" is a directory found elsewhere/)
  })

  test('that doubles with every level ends', async () => {
    const level = (depth: number) => ({ contents: [dirEntry('a', `${depth + 1}`), dirEntry('b', `${depth + 1}`)] })
    const levels = Object.fromEntries(
      Array.from({ length: 40 }, (_, depth) => [depth === 0 ? '' : `${depth}`, level(depth)]),
    )
    await expect(withRecords({ ...levels, 40: {} }, read)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('that is deeper than any path is too large', async () => {
    const name = 'd'.repeat(200)
    const records = Object.fromEntries(
      Array.from({ length: 30 }, (_, depth) => [
        depth === 0 ? '' : `${depth}`,
        { contents: depth === 29 ? [] : [dirEntry(name, `${depth + 1}`)] },
      ]),
    )
    await expect(withRecords(records, read)).rejects.toMatchObject({ code: 'too-large' })
  })

  test.each<[string, InodeRecord]>([
    ['an ACL that is not there', entry('f', { kind: 'link', target: 'x' }, { aclKey: 'd74926895a04921e' })],
    ['a directory that is not there', dirEntry('d', 'd')],
    ['a device without a number', entry('f', { kind: 'special', type: 'block', data: '(nothing)' })],
    ['a device with a number too large', entry('f', { kind: 'special', type: 'character', data: '4294967296,0' })],
  ])('with %s is corrupt', async (_what, inode) => {
    await expect(withRecords({ '': { contents: [inode] } }, read)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('without a root directory is not opened', async () => {
    await expect(withRecords({ etc: {} }, read)).rejects.toThrow(
      /: has no directory record "cae66941d9efbd404e4d88758ea67670"/,
    )
  })

  test('with wrong metadata is opened, and says so when asked for it', async () => {
    await inDirectory(async (target) => {
      const rows: [string, Uint8Array][] = [
        [aclKey(ACL), encodeAcl(ACL)],
        [directoryKey(''), encodeDirectory(EMPTY)],
      ]
      const sql = `CREATE TABLE entries (key VARCHAR(64) PRIMARY KEY, value BLOB);
        CREATE TABLE metadata (key VARCHAR(64) PRIMARY KEY, value TEXT); INSERT INTO metadata VALUES ('port', '[')`
      using flist = await openFlist(await writeRawFlist(join(target, 'a.flist'), rows, sql))
      expect(() => flist.metadata).toThrow(/metadata "port" must be an object of port numbers/)
      expect([...flist.walk()]).toHaveLength(1)
    })
  })
})

test('a special file of a kind nobody knows is a socket', async () => {
  const unknown = entry('x', { kind: 'special', type: 'unknown', data: '5,1' })
  expect(await withRecords({ '': { contents: [unknown] } }, (flist) => flist.lookup('x'))).toMatchObject({
    type: 'socket',
    major: 5,
    minor: 1,
    data: '5,1',
  })
})
