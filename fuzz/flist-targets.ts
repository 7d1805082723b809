import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeAcl } from '../packages/flist/src/format/acl.ts'
import { decodeDirectory } from '../packages/flist/src/format/directory-record.ts'
import { checkFlist, FlistError, openFlist } from '../packages/flist/src/index.ts'
import { createChunkMemory } from '../packages/flist/test/chunk-memory.ts'
import { packPlain, readDatabase, readRows } from '../packages/flist/test/raw-flist.ts'
import { loadVector } from '../packages/flist/test/vectors.ts'
import type { Target } from './target.ts'

const SMALL = ['basic', 'special', 'names', 'metadata'] as const

/** Opens, checks and reads a flist. */
async function readFlist(input: Buffer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  try {
    const path = join(folder, 'a.flist')
    await writeFile(path, input)
    using flist = await openFlist(path)
    await checkFlist(flist, createChunkMemory())
    flist.readTree()
  } finally {
    await rm(folder, { recursive: true })
  }
}

export async function flistTargets(): Promise<Target[]> {
  const flists = SMALL.map((name) => loadVector(name).flist)
  const rows = (
    await Promise.all([...SMALL, 'bigdir' as const].map((name) => readRows(loadVector(name).flist)))
  ).flatMap((vector) => [...vector])
  const records = (isAcl: boolean) =>
    rows.filter(([key]) => (key.length === 16) === isAcl).map(([, record]) => Buffer.from(record))
  const archives = await Promise.all(flists.map((path) => readFile(path)))
  const plain = await Promise.all(flists.map(async (path) => packPlain(await readDatabase(path))))
  const refusal = FlistError
  return [
    {
      name: 'directory-record',
      weight: 25,
      seeds: records(false),
      read: (input) => decodeDirectory(input, 'x'),
      refusal,
    },
    { name: 'acl-record', weight: 10, seeds: records(true), read: (input) => decodeAcl(input, 'x'), refusal },
    { name: 'flist-archive', weight: 3, seeds: archives, read: readFlist, refusal },
    { name: 'flist-database', weight: 7, seeds: plain, read: readFlist, refusal },
  ]
}
