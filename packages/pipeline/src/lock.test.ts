import type { Lock, Recipes, RenderedImage } from '@tf-images/recipe'
import { expect, test } from 'vitest'
import { missingInLock } from './build-arguments.ts'
import { lockFaults } from './lock.ts'

const NAME = 'constructor'
const DIGEST = `sha256:${'b'.repeat(64)}`
const reference = 'docker.io/library/constructor:1'
const recipes: Recipes = {
  registry: 'registry.example/images',
  bases: new Map([[NAME, { reference, family: 'debian' }]]),
  snippets: new Map(),
  images: new Map(),
  files: new Map(),
}
const image: RenderedImage = {
  name: 'x',
  description: 'x',
  base: { kind: 'base', name: NAME, reference },
  files: new Map(),
  sourceMap: [],
  downloads: [],
  sources: [],
  snippets: new Map([[NAME, '1.0']]),
  fileHashes: new Map(),
  snapshot: NAME,
}
const lock = (parts: Partial<Lock> = {}): Lock => ({ bases: {}, snippets: {}, downloads: {}, snapshots: {}, ...parts })

/** Every object has a property of this name. */
test('a base, snippet or snapshot called "constructor" is locked by an entry of the lock alone', () => {
  expect(lockFaults(image, recipes, lock())).toEqual([
    `base ${NAME} (${reference}) is not in recipes.lock.yaml as it is now; run: flist lock`,
    `snippet ${NAME} 1.0 is not in recipes.lock.yaml as it is now; run: flist lock`,
    `the snapshot of ${NAME} is not in recipes.lock.yaml as it is now; run: flist lock`,
  ])
  expect(missingInLock(image, lock())).toHaveLength(1)
  const whole = lock({
    bases: { [NAME]: { reference, digest: DIGEST } },
    snippets: { [NAME]: '1.0' },
    snapshots: { [NAME]: '20240131T000000Z' },
  })
  expect(lockFaults(image, recipes, whole)).toEqual([])
})

test('a snippet called "constructor" without a version needs no entry', () => {
  const { snapshot: _, ...unversioned } = { ...image, snippets: new Map([[NAME, undefined]]) }
  expect(lockFaults(unversioned, recipes, lock({ bases: { [NAME]: { reference, digest: DIGEST } } }))).toEqual([])
})
