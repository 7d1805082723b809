import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { bundle } from '../scripts/bundle.ts'

const folder = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

test('the committed bundle is what the source gives; else run: pnpm generate', async () => {
  const current = await bundle()
  // Not toBe: a difference of two minified bundles is no message.
  expect(current === read('dist/index.js')).toBe(true)
})

test('the bundle imports nothing but Node', () => {
  const specifiers = [...read('dist/index.js').matchAll(/\bfrom\s*["']([^"']+)["']/g)].map(
    ([, specifier]) => specifier ?? '',
  )
  const { builtinModules } = process.getBuiltinModule('node:module')
  const foreign = specifiers.filter(
    (specifier) => !builtinModules.includes(specifier.replace(/^node:/, '')) && !specifier.startsWith('node:'),
  )
  expect(foreign).toEqual([])
})

test('every input of action.yml is read, and no other', () => {
  const declared = Object.keys(parse(read('action.yml')).inputs)
  const code = read('src/inputs.ts')
  const used = [...code.matchAll(/(?:getInput|getBooleanInput|secret)\('([^']+)'/g)].map(([, name]) => name)
  expect([...new Set(used)].sort()).toEqual(declared.sort())
})

test('every output of action.yml is set, and no other', () => {
  const declared = Object.keys(parse(read('action.yml')).outputs)
  const used = [...read('src/run.ts').matchAll(/setOutput\('([^']+)'/g)].map(([, name]) => name)
  expect([...new Set(used)].sort()).toEqual(declared.sort())
})
