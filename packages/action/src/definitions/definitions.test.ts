import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { actionFiles, withTables } from '../../scripts/action-files.ts'
import { type ActionDefinition, type ActionName, actionDefinitions } from './actions.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const names = Object.keys(actionDefinitions) as ActionName[]
const codeOf = (name: string) => readFileSync(join(import.meta.dirname, '..', 'actions', `${name}.ts`), 'utf8')

test.each([...actionFiles()])('%s is as generated; else run: node setup/generate.ts', (path, text) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text)
})

test('there are no other actions', () => {
  const folders = readdirSync(join(root, 'actions')).filter((name) =>
    existsSync(join(root, 'actions', name, 'action.yml')),
  )
  expect(['image', ...folders].sort()).toEqual([...names].sort())
})

test('the tables of the README are as generated', () => {
  const readme = readFileSync(join(root, 'actions', 'README.md'), 'utf8')
  expect(withTables(readme)).toBe(readme)
})

test.each(names)('every input and output of %s has a name in kebab-case', (name) => {
  const { inputs, outputs }: ActionDefinition = actionDefinitions[name]
  for (const each of [...inputs, ...Object.keys(outputs)]) expect(each).toMatch(/^[a-z]+(-[a-z0-9]+)*$/)
  expect(new Set(inputs).size).toBe(inputs.length)
})

/** Read by code that actions share; the compiler sees to it that the action has them. */
const shared: Readonly<Record<string, RegExp>> = {
  registry: /readRegistry\(/,
  'registry-username': /readRegistry\(/,
  'registry-password': /readRegistry\(/,
  'hub-url': /read(Hub|Account)\(/,
  'hub-user': /read(Hub|Account)\(/,
  'hub-gateway': /readHub\(/,
  'hub-backend': /readHub\(/,
  'work-folder': /openWorkFolder\(/,
  ...Object.fromEntries(
    ['strict', 'startup-toml', 'max-size', 'max-ratio', 'max-entries'].map((name) => [name, /readConversion\(/]),
  ),
}

test.each(names)('every input that %s has is read, and every output set', (name) => {
  const code = codeOf(name)
  const { inputs, outputs }: ActionDefinition = actionDefinitions[name]
  for (const input of inputs) expect(code).toMatch(shared[input] ?? new RegExp(`reader\\.\\w+\\('${input}'`))
  for (const output of Object.keys(outputs)) expect(code).toMatch(new RegExp(`\\b${output}\\b`))
})
