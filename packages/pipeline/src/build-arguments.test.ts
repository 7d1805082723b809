import type { Lock, RenderedImage } from '@tf-images/recipe'
import { expect, test } from 'vitest'
import { buildArgumentsOf, missingInLock } from './build-arguments.ts'

const origin = { file: 'recipes/snippets/tool/snippet.yaml', line: 7, column: 14 }
const download = { url: 'https://example.org/tool', architecture: 'amd64', target: '/opt/tool', origin } as const
const image: RenderedImage = {
  name: 'x',
  description: 'x',
  base: { kind: 'base', name: 'debian:12', reference: 'debian:12' },
  files: new Map(),
  sourceMap: [],
  downloads: [{ ...download, argument: 'SHA256_TOOL_1_AMD64' }],
  sources: [],
  snippets: new Map(),
  fileHashes: new Map(),
  snapshot: 'debian:12',
}
const lock: Lock = {
  bases: {},
  snippets: {},
  downloads: { 'https://example.org/tool': 'a' },
  snapshots: { 'debian:12': '20240131T000000Z' },
}

test('what only the lock knows comes as build arguments', () => {
  expect(buildArgumentsOf(image, lock)).toEqual({ SHA256_TOOL_1_AMD64: 'a', SNAPSHOT: '20240131T000000Z' })
})

test('what it does not know is told at its place, all at once', () => {
  expect(missingInLock(image, undefined)).toEqual([
    'recipes/snippets/tool/snippet.yaml:7:14: https://example.org/tool has no sha256, here or in recipes.lock.yaml; run: flist lock',
    'recipes/recipes.yaml: the packages of "debian:12" are of a date, and recipes.lock.yaml has none; run: flist lock',
  ])
  expect(() => buildArgumentsOf(image, { ...lock, downloads: {} })).toThrow(
    expect.objectContaining({ code: 'not-locked' }),
  )
})
