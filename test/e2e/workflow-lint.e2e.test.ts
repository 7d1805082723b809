import { globSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findGoProgram } from '../act/go-program.ts'
import { repository, runCommand } from '../harness/command.ts'

// What GitHub's own language service says of them is in test/workflows.test.ts.
const files = globSync(['.github/workflows/*.yml', 'examples/*/.github/workflows/*.yml'], { cwd: repository }).sort()

test('there are workflow files, those of the examples among them', () => {
  expect(files.filter((file) => file.startsWith('.github'))).not.toEqual([])
  expect(files.filter((file) => file.startsWith('examples'))).toHaveLength(3)
})

test.each(files)('actionlint finds nothing in %s', async (file) => {
  const actionlint = await findGoProgram('actionlint')
  const config = join('.github', 'actionlint.yaml')
  const { code, stdout, stderr } = await runCommand(actionlint, ['-config-file', config, file], { cwd: repository })
  expect([code, stdout, stderr]).toEqual([0, '', ''])
})
