import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { bundle } from '../scripts/bundle.ts'

const folder = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

test('the committed bundle is what the source gives; else run: node setup/generate.ts', async () => {
  const { text } = await bundle()
  // Not toBe: a difference of two minified bundles is no message.
  expect(text === read('dist/index.js')).toBe(true)
})

test('the bundle imports nothing but Node, and what its packages do without', async () => {
  // Asked for inside a try, by the redis client and the debug output of others.
  const optional = ['@node-rs/xxhash', '@opentelemetry/api', 'supports-color']
  const { imports } = await bundle()
  expect(imports.filter((name) => !isBuiltin(name)).sort()).toEqual(optional)
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
