import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { file } from '../packages/rootfs/test/layer-builder.ts'
import { type CommandOptions, flist } from './harness/command.ts'
import { imageOf, writeLayoutDirectory } from './harness/image-layout.ts'

/** Files of one chunk each, all different, so that stored files count converted ones. */
function files(folder: string, count: number) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const bytes = Buffer.alloc(500_000)
      for (let at = 0; at < bytes.length; at += 4)
        bytes.writeUInt32LE(Math.imul(at + 1, 2654435761 + i * 40503) >>> 0, at)
      bytes.write(`${folder} ${i}`)
      return [`${folder}/${i}`, { ...file(), content: bytes }]
    }),
  )
}

let folder: string
let layout: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-interrupted-'))
  layout = join(folder, 'layout')
  const layers = [files('first', 20), files('second', 200), files('third', 10)]
  await writeLayoutDirectory(layout, await imageOf(layers, { compression: 'none' }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const chunksOf = async (name: string) =>
  (await readdir(join(folder, name), { recursive: true }).catch(() => [])).filter((path) => /^..\/.{30}$/.test(path))

/** `flist convert` in a process of its own, with the chunk store of this name. */
async function convert(name: string, options: CommandOptions = {}) {
  const output = join(folder, `${name}.flist`)
  const result = await flist(['convert', layout, '-o', output, '--chunks', join(folder, name), '--json'], options)
  return { ...result, output }
}

test('a conversion killed in the middle goes on where it was, and gives the same bytes', async () => {
  const whole = await convert('whole')
  expect(whole.code, whole.stderr).toBe(0)
  expect(JSON.parse(whole.stdout)).toMatchObject({ newChunks: 230, layers: { total: 3, cached: 0 } })

  const ended = new AbortController()
  const killed = await convert('killed', {
    onStart: async (kill) => {
      while (!ended.signal.aborted && (await chunksOf('killed')).length < 60) await setTimeout(2)
      kill('SIGKILL')
    },
  })
  ended.abort()
  expect(killed.code).toBe(null)
  expect(await readdir(folder)).not.toContain('killed.flist')
  const kept = (await chunksOf('killed')).length
  expect(kept).toBeGreaterThanOrEqual(60)
  expect(kept).toBeLessThan(220)

  const resumed = await convert('killed')
  expect(resumed.code, resumed.stderr).toBe(0)
  expect(resumed.stderr).toContain('2 of 3 layers converted, 1 from cache')
  expect(JSON.parse(resumed.stdout)).toMatchObject({ newChunks: 230 - kept, layers: { total: 3, cached: 1 } })
  expect(await readFile(resumed.output)).toEqual(await readFile(whole.output))
  expect((await chunksOf('killed')).sort()).toEqual((await chunksOf('whole')).sort())
}, 120_000)
