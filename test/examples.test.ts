import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@actions/languageservice'
import { expect, test } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { loadVms } from '../packages/recipe/src/vm.ts'
import { flist } from './harness/command.ts'

/** What can be said of the examples without running them; workflows.e2e.test.ts runs those of images, vm.e2e.test.ts the machine. */
const examples = join(import.meta.dirname, '..', 'examples')
const workflows = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((path) =>
  /^[^/]+\/\.github\/workflows\//.test(path),
)

test.each(workflows)("%s has nothing wrong for GitHub's own parser", async (path) => {
  const text = readFileSync(join(examples, path), 'utf8')
  const found = await validate(TextDocument.create(`file:///${path}`, 'yaml', 1, text))
  expect(found.map(({ message }) => message)).toEqual([])
})

test('every example has a workflow', () => {
  expect(workflows.map((path) => path.split('/')[0]).sort()).toEqual(['dockerfile', 'recipes', 'vm'])
})

test('the committed Dockerfiles are what the recipes say', async () => {
  expect(await flist(['render', '--check', '--root', join(examples, 'recipes')])).toMatchObject({ code: 0 })
})

test('the machine is a definition without problems', async () => {
  const root = join(examples, 'vm')
  expect([...(await loadVms(root)).keys()]).toEqual(['workshop'])
})
