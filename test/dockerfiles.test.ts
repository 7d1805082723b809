import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'

/** The Dockerfiles that the recipes render, looked at by a linter that knows nothing of recipes. */
const folder = join(import.meta.dirname, '..', 'dockerfiles')

test.each(readdirSync(folder))('%s: a linter finds nothing', (image) => {
  const text = readFileSync(join(folder, image, 'Dockerfile'), 'utf8')
  const lines = text.split('\n')
  const findings = validate(text).map(({ message, range }) => `${message} ${lines[range.start.line]}`)
  expect(findings).toEqual([])
})
