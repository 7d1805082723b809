import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createChunkMemory } from '../test/chunk-memory.ts'
import { createRandom, mutate } from '../test/mutations.ts'
import { inDirectory, packPlain, readDatabase, readRows, writeRawFlist } from '../test/raw-flist.ts'
import { loadVector, VECTORS } from '../test/vectors.ts'
import { FlistError } from './errors.ts'
import { decodeAcl } from './format/acl.ts'
import { decodeDirectory } from './format/directory-record.ts'
import { checkFlist } from './read/check-flist.ts'
import { openFlist } from './read/open-flist.ts'

/** Milliseconds one mutant may take on a busy machine; an idle one needs tens. */
const PATIENCE = 10_000

/** What a mutant came to: read, or refused. Anything else than a FlistError fails the test. */
async function outcome(action: () => unknown): Promise<'read' | 'refused'> {
  const start = performance.now()
  try {
    await action()
    return 'read'
  } catch (error) {
    if (!(error instanceof FlistError)) throw error
    return 'refused'
  } finally {
    expect(performance.now() - start).toBeLessThan(PATIENCE)
  }
}

/** Does with a flist all that reads it. */
async function readEverything(file: string): Promise<void> {
  using flist = await openFlist(file)
  const report = await checkFlist(flist, createChunkMemory())
  const tree = () => flist.readTree()
  if (report.summary) tree()
  else void (await outcome(tree))
}

describe('mutants are read or refused, soon, with nothing but a FlistError:', () => {
  test.each([
    ['basic', 400],
    ['special', 400],
    ['names', 800],
    ['bigdir', 1600],
  ] as const)('the records of %s', async (name, count) => {
    const random = createRandom(count)
    const rows = [...(await readRows(loadVector(name).flist))]
    const outcomes = { read: 0, refused: 0 }
    for (let mutant = 0; mutant < count; mutant++) {
      const [key = '', record = new Uint8Array()] = rows[random(rows.length)] ?? []
      const bytes = mutate(record, random)
      outcomes[await outcome(() => (key.length === 16 ? decodeAcl(bytes, key) : decodeDirectory(bytes, key)))]++
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(count / 20)
  })

  test('flists with damaged records', async () => {
    const random = createRandom(2)
    const rows = [...(await readRows(loadVector('special').flist))]
    await inDirectory(async (directory) => {
      for (let mutant = 0; mutant < 150; mutant++) {
        const damaged = rows.map(([key, record]) => [key, random(4) === 0 ? mutate(record, random) : record] as const)
        const file = await writeRawFlist(join(directory, 'a.flist'), damaged)
        await outcome(() => readEverything(file))
      }
    })
  })

  test.each(VECTORS.filter((name) => name !== 'bigdir'))('the database of %s', async (name) => {
    const random = createRandom(3)
    const database = await readDatabase(loadVector(name).flist)
    await inDirectory(async (directory) => {
      const file = join(directory, 'a.flist')
      for (let mutant = 0; mutant < 120; mutant++) {
        await writeFile(file, packPlain(mutate(database, random)))
        await outcome(() => readEverything(file))
      }
    })
  })

  test('archives', async () => {
    const random = createRandom(4)
    const archive = await readFile(loadVector('metadata').flist)
    const plain = packPlain(await readDatabase(loadVector('metadata').flist))
    await inDirectory(async (directory) => {
      const file = join(directory, 'a.flist')
      for (let mutant = 0; mutant < 300; mutant++) {
        const head = mutate(plain.subarray(0, 512), random)
        await writeFile(file, mutant % 2 === 0 ? mutate(archive, random) : Buffer.concat([head, plain.subarray(512)]))
        await outcome(() => readEverything(file))
      }
    })
  })
})
