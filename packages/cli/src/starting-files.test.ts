import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dockerfileFiles, recipesFiles } from './starting-files.ts'

const examples = join(import.meta.dirname, '..', '..', '..', 'examples')
const read = (path: string) => readFileSync(join(examples, path), 'utf8')

test('a repository with a Dockerfile begins with what the example has, which is run', () => {
  for (const [path, text] of dockerfileFiles({ name: 'hello', dockerfile: 'app/Dockerfile' })) {
    expect(text).toBe(read(`dockerfile/${path}`))
  }
})

test('a repository of recipes begins with what the example has', () => {
  const files = recipesFiles({ name: 'greeter', registry: 'ghcr.io/outsider/flists' })
  expect([...files.keys()]).toContain('recipes/images/greeter/image.yaml')
  for (const [path, text] of files) expect(text, path).toBe(read(`recipes/${path}`))
})
