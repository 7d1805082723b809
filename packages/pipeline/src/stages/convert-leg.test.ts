import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Progress } from '../progress.ts'
import { convertLeg } from './convert-leg.ts'
import { type LegResult, sourceReport } from './leg-result.ts'

let folder: string
let lines: string[]
const progress: Progress = ({ text }) => lines.push(text)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-leg-'))
  lines = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A tree that zos takes for a machine, with a kernel that is none. */
async function machineWithoutKernel(): Promise<LegResult> {
  const root = join(folder, 'root')
  await mkdir(join(root, 'boot'), { recursive: true })
  await writeFile(join(root, 'boot', 'vmlinuz'), 'not a kernel')
  return { version: 1, stage: 'build', leg: '0-00', images: [sourceReport(root, 'machine.flist')], failures: [] }
}

test('a flist that zos would not start is a failure with its finding, and no image of the result', async () => {
  const result = await convertLeg({ built: await machineWithoutKernel(), folder: join(folder, 'leg'), progress })
  expect(result.images).toEqual([])
  expect(result.failures).toHaveLength(1)
  expect(result.failures[0]).toMatchObject({ image: 'machine' })
  expect(result.failures[0]?.error).toMatch(/kernel-\S+ \/boot\/vmlinuz/)
})

test('with the gate left out it is converted, and a line warns', async () => {
  const built = await machineWithoutKernel()
  const result = await convertLeg({ built, folder: join(folder, 'leg'), gate: false, progress })
  expect(result.failures).toEqual([])
  expect(result.images[0]?.conversion?.files).toBe(1)
  expect(result.images[0]?.gate).toBeUndefined()
  expect(lines.join('\n')).toContain('not compared with the boot contract')
})
