import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs', 'actions.md'), 'utf8')
const table = page.slice(page.indexOf('## Troubleshooting'), page.indexOf('## What a local run'))
const symptoms = [...table.matchAll(/^\| `(.+?)` *\|/gm)].map(([, symptom = '']) => symptom)
const sources = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /^[^/]+\/src\/.*(?<!\.test)\.ts$/.test(path))
  .map((path) => readFileSync(join(root, 'packages', path), 'utf8'))

test('the table has symptoms', () => expect(symptoms.length).toBeGreaterThan(10))

test.each(symptoms)('"%s" is what the code says', (symptom) => {
  expect(sources.some((source) => source.includes(symptom))).toBe(true)
})
