import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeFl } from '../packages/flist/src/fl/write-fl.ts'
import { decodeAcl } from '../packages/flist/src/format/acl.ts'
import { decodeDirectory } from '../packages/flist/src/format/directory-record.ts'
import {
  type ChunkFormat,
  checkFlist,
  extractFlist,
  FL_CHUNKS,
  FLIST_CHUNKS,
  FlistError,
  openFlist,
  writeFlist,
} from '../packages/flist/src/index.ts'
import { createChunkMemory } from '../packages/flist/test/chunk-memory.ts'
import { FL_ROUTES } from '../packages/flist/test/raw-fl.ts'
import { inDirectory, packPlain, readDatabase, readRows } from '../packages/flist/test/raw-flist.ts'
import { directory, file, symlink } from '../packages/flist/test/trees.ts'
import { loadVector } from '../packages/flist/test/vectors.ts'
import { withInputFile } from './input-folder.ts'
import type { Target } from './target.ts'
import { checkPaths } from './tree-paths.ts'

const SMALL = ['basic', 'special', 'names', 'metadata'] as const
const PAGE = 4096

/** Opens, checks and reads a flist of either format. */
async function readFlist(path: string): Promise<void> {
  using flist = await openFlist(path)
  await checkFlist(flist, createChunkMemory(flist.chunkFormat))
  checkPaths(flist.walk())
  flist.readTree()
}

/** A tree with links that lead out of it, beside which files are written, and its chunks. */
function treeOfLinks(format: ChunkFormat) {
  const chunks = createChunkMemory(format)
  const content = chunks.store('content')
  const root = directory({
    a: content,
    b: directory({ f: content, l: symlink('../../../outside') }),
    l: symlink('../outside'),
    m: directory({ f: chunks.store('other'), g: file() }),
  })
  return { chunks, root }
}

/** The same tree in both formats, as bytes. */
async function extractableSeeds(): Promise<{ flist: Buffer; fl: Buffer }> {
  return inDirectory(async (folder) => {
    const [flist, fl] = [join(folder, 'a.flist'), join(folder, 'a.fl')]
    await writeFlist(treeOfLinks(FLIST_CHUNKS).root, {}, flist)
    await writeFl(treeOfLinks(FL_CHUNKS).root, { routes: FL_ROUTES, metadata: { note: 'text' } }, fl)
    return { flist: packPlain(await readDatabase(flist)), fl: await readFile(fl) }
  })
}

async function extractInto(folder: string, name: string): Promise<undefined> {
  using flist = await openFlist(join(folder, name))
  await extractFlist(flist, treeOfLinks(flist.chunkFormat).chunks, join(folder, 'target'))
}

/** Extracts a flist beside an empty directory that its links lead to, which has to stay empty. */
async function extract(input: Buffer, name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  try {
    await writeFile(join(folder, name), input)
    await mkdir(join(folder, 'outside'))
    const refused = await extractInto(folder, name).catch((error: unknown) => ({ error }))
    const [beside, outside] = await Promise.all([readdir(folder), readdir(join(folder, 'outside'))])
    const strange = [...beside.filter((found) => ![name, 'outside', 'target'].includes(found)), ...outside]
    if (strange.length > 0) throw new Error(`written outside: ${strange.join(', ')}`)
    if (refused) throw refused.error
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
  const { flist, fl } = await extractableSeeds()
  const refusal = FlistError
  const readAs = (name: string) => (input: Buffer) => withInputFile(input, name, readFlist)
  return [
    {
      name: 'directory-record',
      weight: 25,
      seeds: records(false),
      read: (input) => decodeDirectory(input, 'x'),
      refusal,
    },
    { name: 'acl-record', weight: 10, seeds: records(true), read: (input) => decodeAcl(input, 'x'), refusal },
    { name: 'flist-archive', weight: 3, seeds: archives, read: readAs('a.flist'), refusal },
    { name: 'flist-database', weight: 7, seeds: plain, read: readAs('a.flist'), pageBytes: PAGE, refusal },
    { name: 'fl-database', weight: 10, seeds: [fl], read: readAs('a.fl'), pageBytes: PAGE, refusal },
    {
      name: 'flist-extract',
      weight: 2,
      seeds: [flist],
      read: (input) => extract(input, 'a.flist'),
      pageBytes: PAGE,
      refusal,
    },
    { name: 'fl-extract', weight: 2, seeds: [fl], read: (input) => extract(input, 'a.fl'), pageBytes: PAGE, refusal },
  ]
}
