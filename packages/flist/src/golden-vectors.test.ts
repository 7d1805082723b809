import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRows, recordsOf } from '../test/raw-flist.ts'
import { loadVector, treeOf, VECTORS } from '../test/vectors.ts'
import { FLIST_CHUNKS } from './codec/chunk-format.ts'
import { aclKey, encodeAcl } from './format/acl.ts'
import { directoryKey } from './format/directory-key.ts'
import { type DirectoryRecord, encodeDirectory } from './format/directory-record.ts'
import { checkFlist } from './read/check-flist.ts'
import { type Flist, openFlist } from './read/open-flist.ts'
import { listChunks } from './tree.ts'
import { hashTree } from './tree-hash.ts'
import { type FlistSummary, writeFlist } from './write/write-flist.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flist-vectors-'))
})
afterAll(() => rm(directory, { recursive: true }))

describe.each(VECTORS)('%s, a flist of the reference', (name) => {
  const vector = loadVector(name)
  let flist: Flist
  beforeAll(async () => {
    flist = await openFlist(vector.flist)
  })
  afterAll(() => flist.close())

  test('reads as the tree it was made from', () => {
    expect(flist.readTree()).toEqual(treeOf(vector))
  })

  test('has the records and keys another reader found', () => {
    const keys = [...recordsOf(flist).keys()]
    expect(keys.toSorted()).toEqual([...vector.records.keys(), ...vector.acls.keys()].toSorted())
    for (const [key, record] of vector.records) {
      expect(recordsOf(flist).directory(key)).toEqual(record)
      expect(directoryKey(record.location)).toBe(key)
    }
    for (const [key, acl] of vector.acls) {
      expect(recordsOf(flist).acl(key)).toEqual(acl)
      expect(aclKey(acl)).toBe(key)
    }
  })

  test('has the metadata rows another reader found', () => {
    expect(Object.fromEntries(flist.database.metadataRows())).toEqual(vector.metadata)
  })

  test('pairs every chunk with its key', () => {
    for (const { node } of flist.walk()) {
      if (node.type !== 'file') continue
      for (const { id, key } of listChunks(node.content, FLIST_CHUNKS)) {
        expect(Buffer.from(key).toString('hex')).toBe(vector.chunkKeys[Buffer.from(id).toString('hex')])
      }
    }
  })

  test('has no problem', async () => {
    expect(await checkFlist(flist)).toMatchObject({
      ok: true,
      problems: [],
      summary: { treeHash: hashTree(treeOf(vector)) },
    })
  })

  test('has records that are written with the same bytes, where the reference keeps to one segment', async () => {
    const rows = await readRows(vector.flist)
    for (const [key, record] of vector.records) {
      if (vector.oneSegment.has(key)) expect(encodeDirectory(record)).toEqual(Buffer.from(rows.get(key) ?? []))
    }
    for (const [key, acl] of vector.acls) expect(encodeAcl(acl)).toEqual(Buffer.from(rows.get(key) ?? []))
  })

  describe('written again', () => {
    let copy: Flist
    let summary: FlistSummary
    beforeAll(async () => {
      const output = join(directory, `${name}.flist`)
      summary = await writeFlist(flist.readTree(), flist.metadata, output)
      copy = await openFlist(output)
    })
    afterAll(() => copy.close())

    test('has the same tree', () => {
      expect(copy.readTree()).toEqual(treeOf(vector))
      expect(summary.treeHash).toBe(hashTree(treeOf(vector)))
    })

    test('has the same directory records but for creation times and "0,0" on a socket', () => {
      for (const [key, record] of vector.records) {
        expect(recordsOf(copy).directory(key)).toEqual(asWritten(record))
      }
    })

    test('has the ACLs that are used', () => {
      const used = [...recordsOf(copy).keys()].filter((key) => key.length === 16)
      for (const key of used) expect(recordsOf(copy).acl(key)).toEqual(vector.acls.get(key))
    })

    test('has the same metadata rows', () => {
      expect([...copy.database.metadataRows()]).toEqual([...flist.database.metadataRows()])
    })
  })
})

test('a tree of the reference keeps the number of a device but not its kind', async () => {
  using flist = await openFlist(loadVector('special').flist)
  expect(flist.lookup('dev/sda1')).toMatchObject({ type: 'socket', major: 8, minor: 1, data: '8,1' })
  expect(flist.lookup('fifo')).toMatchObject({ type: 'socket', major: 0, minor: 0, data: '(nothing)' })
  expect(await checkFlist(flist)).toMatchObject({ ok: true, lostDevices: 4 })
})

/** What this package writes on purpose otherwise. */
function asWritten(record: DirectoryRecord): DirectoryRecord {
  const contents = record.contents.map((inode) => {
    const { attributes, modificationTime } = inode
    const isNumbered = attributes.kind === 'special' && attributes.data === '0,0'
    return {
      ...inode,
      creationTime: modificationTime,
      attributes: isNumbered ? { ...attributes, data: '(nothing)' } : attributes,
    }
  })
  return { ...record, contents, creationTime: record.modificationTime }
}
