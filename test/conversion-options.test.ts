import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { file } from '../packages/rootfs/test/layer-builder.ts'
import { flist } from './harness/command.ts'
import { imageOf, writeLayoutDirectory } from './harness/image-layout.ts'

let folder: string
let layout: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-options-'))
  layout = join(folder, 'layout')
  await writeLayoutDirectory(layout, await imageOf([{ a: file('x'.repeat(600)) }, { b: file('y'.repeat(600)) }]))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const convert = (output: string, ...options: string[]) =>
  flist(['convert', layout, '-o', join(folder, output), '--chunks', join(folder, `${output}.chunks`), ...options])

describe('what cannot be meant is refused before anything is done', () => {
  const commands: readonly [string, (...options: string[]) => ReturnType<typeof flist>][] = [
    ['convert', (...options) => convert('refused.flist', ...options)],
    ['up', (...options) => flist(['up', '--root', join(folder, 'root'), '--work', join(folder, 'work'), ...options])],
  ]
  const mistakes: readonly [string, string][] = [
    ['--strict=acls,lost', 'no fidelity class "acls"; there are: file-capabilities, acl, '],
    ['--strict=', 'no fidelity class ""'],
    ['--max-size=1.5G', '"1.5G": no number of bytes; write 1000000, 512M or 10G'],
    ['--max-ratio=0', '"0": no whole number above zero'],
    ['--max-entries=many', '"many": no whole number above zero'],
  ]
  const table = commands.flatMap(([name, run]) => mistakes.map(([option, text]) => ({ name, run, option, text })))

  test.each(table)('$name $option', async ({ run, option, text }) => {
    const { code, stderr } = await run(option)
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)])
    expect(await readdir(folder)).toEqual(['layout'])
  })

  test('convert with classes that a .fl never has', async () => {
    const { code, stderr } = await convert('refused.fl', '--strict=long-path')
    expect([code, stderr]).toEqual([2, expect.stringContaining('a .fl never has the fidelity class "long-path"')])
    expect(await readdir(folder)).toEqual(['layout'])
  })
})

test('limits hold for convert, with or without its cache, and for verify', async () => {
  expect((await convert('a.flist', '--max-size', '1200', '--max-entries', '2')).code).toBe(0)
  for (const option of ['--max-size=1199', '--max-entries=1']) {
    const refused = expect.stringContaining('raise it if this is meant (--max-size, --max-ratio, --max-entries)')
    for (const args of [[], ['--no-cache']]) {
      const { code, stderr } = await convert('a.flist', option, ...args)
      expect([code, stderr]).toEqual([1, refused])
    }
    const { code, stderr } = await flist(['verify', join(folder, 'a.flist'), layout, option])
    expect([code, stderr]).toEqual([1, refused])
  }
  expect((await flist(['verify', join(folder, 'a.flist'), layout, '--max-size', '1200'])).code).toBe(0)
})
