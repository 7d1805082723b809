import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createChunkMemory } from '../test/chunk-memory.ts'
import { inDirectory } from '../test/raw-flist.ts'
import { directory, special, symlink } from '../test/trees.ts'
import { FL_CHUNKS } from './codec/chunk-format.ts'
import { writeFl } from './fl/write-fl.ts'
import { checkFlist } from './read/check-flist.ts'
import { openFlist } from './read/open-flist.ts'

/** What the fixtures are and how they were checked is in their README. */
const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/fl/${name}`, import.meta.url))

const store = createChunkMemory(FL_CHUNKS)
const tree = directory(
  {
    bin: directory({ hello: store.store('hello\n', { mode: 0o4755 }) }, { mode: 0o1777, uid: 1000, gid: 100 }),
    empty: store.store(''),
    é: symlink('bin/hello'),
    null: special('character', 1, 3, { mode: 0o666 }),
    sda: special('block', 8, 0x12345),
    pipe: special('fifo'),
    sock: special('socket'),
    two: store.store(Buffer.alloc(524_289, 'x'), { mtime: -1 }),
  },
  { mtime: 1_600_000_000 },
)
const details = {
  routes: [
    { start: 0, end: 127, url: 'dir:///srv/chunks' },
    { start: 128, end: 255, url: 'zdb://hub.example:9900/images' },
  ],
  metadata: { entrypoint: ['/bin/hello'], note: 'golden' },
}

test('the golden tree has the golden bytes', async () => {
  await inDirectory(async (target) => {
    await writeFl(tree, details, join(target, 'small.fl'))
    expect(Buffer.compare(await readFile(join(target, 'small.fl')), await readFile(fixture('small.fl')))).toBe(0)
  })
})

test.each(['small.fl', 'small.sql'])('%s is the golden tree, its routes and metadata', async (name) => {
  await inDirectory(async (target) => {
    using flist = await openFlist(name.endsWith('.fl') ? fixture(name) : await restore(name, target))
    expect(flist.readTree()).toEqual(tree)
    expect(flist.metadata).toEqual(details.metadata)
    expect(flist.database.format === 'fl' && flist.database.routes()).toEqual(details.routes)
    expect(await checkFlist(flist, store, { contents: true })).toMatchObject({ ok: true, missingChunks: 0 })
  })
})

/** Makes a database of a dump. */
async function restore(dump: string, target: string): Promise<string> {
  const file = join(target, 'restored.fl')
  const database = new DatabaseSync(file)
  database.exec(await readFile(fixture(dump), 'utf8'))
  database.close()
  return file
}
