import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inDirectory, packPlain } from '../../test/raw-flist.ts'
import { unpackDatabase } from './archive-reader.ts'
import { createArchive } from './archive-writer.ts'
import { PAGE_BYTES } from './page-stream.ts'
import { encodeTarHeader } from './tar-header.ts'

const CONTENT = Buffer.from('some database '.repeat(100))

/** Unpacks an archive given as bytes. */
function unpack(archive: Uint8Array, maxBytes = 2 ** 20): Promise<Buffer> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'a.flist')
    await writeFile(file, archive)
    try {
      await unpackDatabase(file, join(directory, 'out'), maxBytes)
    } catch (error) {
      if (error instanceof Error) error.message = error.message.replace(`${directory}/`, '')
      throw error
    }
    return readFile(join(directory, 'out'))
  })
}

/** A tar member in pieces, so that a test can leave some out. */
function member(name: string, content: Uint8Array, change: (header: Buffer) => void = () => {}): Buffer {
  const header = encodeTarHeader(name, content.length)
  change(header)
  header.write('        ', 148, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

describe('an archive that was written', () => {
  const [firstPage, ...pieces] = [PAGE_BYTES, 2 ** 19, 2 ** 19, 3 * PAGE_BYTES].map((length) =>
    Buffer.alloc(length, 'page '),
  )
  const database = Buffer.concat([firstPage as Buffer, ...pieces])
  /** Packs the database and gives what `use` makes of the archive. */
  const pack = <T>(use: (file: string) => Promise<T> | T) =>
    inDirectory(async (directory) => {
      const archive = createArchive()
      for (const piece of pieces) archive.add(piece)
      await archive.write(join(directory, 'a.flist'), firstPage as Buffer)
      return use(join(directory, 'a.flist'))
    })

  test('unpacks to the database', async () => {
    expect((await unpack(await pack((file) => readFile(file)), 2 ** 21)).equals(database)).toBe(true)
  })

  test('is whole for gzip and tar, with the database and nothing else', async () => {
    await pack((file) => {
      execFileSync('gzip', ['-t'], { input: readFileSync(file) })
      expect(execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })).toBe('./flistdb.sqlite3\n')
      expect(execFileSync('tar', ['-xzOf', file], { maxBuffer: 2 ** 21 }).equals(database)).toBe(true)
    })
  })

  test('is a tar of the header, the database and two zero blocks', async () => {
    const tar = gunzipSync(await pack((file) => readFile(file)))
    expect(tar.equals(packPlain(database))).toBe(true)
  })

  test('has the gzip header of the reference: no time, no name', async () => {
    const archive = await pack((file) => readFile(file))
    expect(archive.subarray(0, 10).toString('hex')).toBe('1f8b0800000000000003')
  })

  test('has the same bytes the next time', async () => {
    expect(await pack((file) => readFile(file))).toEqual(await pack((file) => readFile(file)))
  })

  test('has no database larger than a member of a tar', () => {
    const archive = createArchive({ maxBytes: 4 * PAGE_BYTES })
    archive.add(Buffer.alloc(3 * PAGE_BYTES))
    expect(() => archive.add(Buffer.alloc(PAGE_BYTES))).toThrow(
      'flist database: has over 16384 bytes, more than a tar member holds; split the tree',
    )
  })

  test('stays away when it was called off', async () => {
    await inDirectory(async (directory) => {
      const signal = AbortSignal.abort(new Error('enough'))
      const written = createArchive().write(join(directory, 'a'), firstPage as Buffer, signal)
      await expect(written).rejects.toThrow('enough')
    })
  })
})

describe('archives of other writers', () => {
  const inner = member('flistdb.sqlite3', CONTENT)
  test.each<[string, Buffer]>([
    ['a plain tar', packPlain(CONTENT)],
    ['a name without "./"', inner],
    ['no end of archive', gzipSync(member('./flistdb.sqlite3', CONTENT))],
    [
      'no padding, as libtar leaves it',
      gzipSync(member('./flistdb.sqlite3', CONTENT).subarray(0, 512 + CONTENT.length)),
    ],
    ['gzip in two members', Buffer.concat([gzipSync(inner.subarray(0, 700)), gzipSync(inner.subarray(700))])],
    ['other members', Buffer.concat([member('a', Buffer.alloc(5)), inner, member('../../b', Buffer.alloc(700))])],
    ['a type of NUL', member('flistdb.sqlite3', CONTENT, (header) => header.writeUInt8(0, 156))],
    ['a size in spaces', member('flistdb.sqlite3', CONTENT, (header) => header.write('       2570 ', 124))],
    [
      'a size in base 256',
      member('flistdb.sqlite3', CONTENT, (header) => header.write('8000000000000000000005780', 124, 'hex')),
    ],
    [
      'a ustar prefix',
      member('flistdb.sqlite3', CONTENT, (header) => header.write('ustar\x0000', 257) && header.write('.', 345)),
    ],
    [
      'a directory with a size',
      Buffer.concat([
        member('./', Buffer.alloc(0), (header) => header.write('5', 156) && header.write('00000001000', 124)),
        inner,
      ]),
    ],
  ])('%s', async (_what, archive) => {
    expect(await unpack(archive)).toEqual(CONTENT)
  })
})

describe('what is no flist', () => {
  const good = gzipSync(packPlain(CONTENT))
  const flipped = Buffer.from(good)
  flipped.writeUInt8(flipped.readUInt8(good.length - 6) ^ 1, good.length - 6)
  test.each<[string, Buffer, string, string]>([
    ['an empty file', Buffer.alloc(0), 'not-a-flist', 'is an archive without "flistdb.sqlite3"; give a flist'],
    ['text', Buffer.from('hello'), 'not-a-flist', 'is no tar archive; give a flist'],
    [
      'a bare database',
      Buffer.from(`SQLite format 3\0${' '.repeat(500)}`),
      'not-a-flist',
      'is a bare database; give the flist it came from',
    ],
    ['another tar', member('x', CONTENT), 'not-a-flist', 'is an archive without "flistdb.sqlite3"; give a flist'],
    [
      'a link for the database',
      member('flistdb.sqlite3', Buffer.alloc(0), (header) => header.write('2/etc/passwd', 156)),
      'not-a-flist',
      'is an archive without "flistdb.sqlite3"; give a flist',
    ],
    [
      'two databases',
      Buffer.concat([member('flistdb.sqlite3', CONTENT), member('./flistdb.sqlite3', CONTENT)]),
      'corrupt',
      'holds two databases; make or fetch the flist again',
    ],
    ['a cut tar', packPlain(CONTENT).subarray(0, 800), 'corrupt', 'is cut off; make or fetch the flist again'],
    ['a cut gzip', good.subarray(0, 60), 'corrupt', 'is not whole gzip data; make or fetch the flist again'],
    ['a wrong gzip checksum', flipped, 'corrupt', 'is not whole gzip data; make or fetch the flist again'],
    [
      'garbage after a member',
      Buffer.concat([member('flistdb.sqlite3', CONTENT), Buffer.alloc(512, 7)]),
      'corrupt',
      'is damaged or cut off; make or fetch the flist again',
    ],
  ])('%s', async (_what, archive, code, message) => {
    await expect(unpack(archive)).rejects.toMatchObject({ code, message: `a.flist: ${message}` })
  })

  test('a bomb: it stops at the limit', async () => {
    const bomb = gzipSync(packPlain(Buffer.alloc(64 * 2 ** 20)))
    await expect(unpack(bomb)).rejects.toMatchObject({
      code: 'too-large',
      message: 'a.flist: unpacks to more than 1048576 bytes; raise the limit if the flist can be trusted',
    })
  })

  test('a bomb beside the database', async () => {
    const bomb = gzipSync(Buffer.concat([packPlain(CONTENT), Buffer.alloc(64 * 2 ** 20)]))
    await expect(unpack(bomb)).rejects.toMatchObject({ code: 'too-large' })
  })

  test('a file that is not there', async () => {
    await expect(unpackDatabase('/nowhere/a.flist', '/nowhere/out', 1)).rejects.toMatchObject({ code: 'io' })
  })
})
