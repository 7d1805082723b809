import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'

/** What the recipes render, looked at by tools that know nothing of recipes. */
const folder = join(import.meta.dirname, '..', 'dockerfiles')

test.each(readdirSync(folder))('%s: a linter finds nothing', (image) => {
  const text = readFileSync(join(folder, image, 'Dockerfile'), 'utf8')
  const lines = text.split('\n')
  const findings = validate(text).map(({ message, range }) => `${message} ${lines[range.start.line]}`)
  expect(findings).toEqual([])
})

test('every script is one for the shell it names', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))
  const scripts = files.filter((file) => statSync(file).isFile() && /^#!\/bin\/sh\n/.test(readFileSync(file, 'utf8')))
  expect(scripts.length).toBeGreaterThan(10)
  for (const script of scripts) execFileSync('/bin/sh', ['-n', script])
})
