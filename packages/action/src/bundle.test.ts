import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Bundle, bundle } from '../scripts/bundle.ts'

const dist = join(import.meta.dirname, '..', 'dist')
let made: Bundle

beforeAll(async () => {
  made = await bundle()
}, 120_000)

test('dist has a file of its own for each action and one that they share, and no other', () => {
  expect(readdirSync(dist).sort()).toEqual([...made.files.keys()].sort())
})

test('what is committed is what the source gives; else run: node setup/generate.ts', () => {
  for (const [name, text] of made.files) {
    // Not toBe: a difference of two minified bundles is no message.
    expect(text === readFileSync(join(dist, name), 'utf8'), name).toBe(true)
  }
})

test('the bundle imports nothing but Node, and what its packages do without', () => {
  // Asked for inside a try: for proxies that want it, and for debug output.
  const optional = ['kerberos', 'supports-color']
  expect(made.imports.filter((name) => !isBuiltin(name)).sort()).toEqual(optional)
})
