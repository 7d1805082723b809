import { expect, test } from 'vitest'
import { flist } from './harness/command.ts'

test('a machine is published unless --no-publish is given: without a token it ends before any work', async () => {
  const { code, stderr } = await flist(['vm', 'debian-12'], { env: { FLIST_HUB_TOKEN: '' } })
  expect([code, stderr]).toEqual([2, expect.stringContaining('set FLIST_HUB_TOKEN or give --hub-token-file')])
})

test('help shows a command as --help does', async () => {
  const [byWord, byOption] = await Promise.all([flist(['help', 'convert']), flist(['convert', '--help'])])
  expect(byWord.stdout).toContain('--workers <n>')
  expect(byWord.stdout).toBe(byOption.stdout)
})
