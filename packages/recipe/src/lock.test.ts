import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  compareLock,
  compareLockOffline,
  downloadArguments,
  formatLockDifference,
  lockOf,
  readLock,
  unhashedDownloads,
  writeLock,
} from './lock.ts'
import { PROJECT, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

const WEB = 'recipes/snippets/web/snippet.yaml'
const HASH = 'a'.repeat(64)
const DIGEST = `sha256:${'b'.repeat(64)}`

const CHANGES = {
  [WEB]: `version: "1.2"
downloads:
  - { target: /bin/tool, architectures: { amd64: { url: https://example.org/tool, sha256: ${HASH} } } }
${PROJECT[WEB]}`,
}

async function locked(changes: Parameters<typeof project>[0] = CHANGES) {
  const root = await project(changes)
  const recipes = await loadRecipes(root)
  return { root, recipes, lock: lockOf(recipes, new Map([['debian:12', DIGEST]])) }
}

test('a lock has the bases that are used, the versions of snippets and the hashes of downloads', async () => {
  const { root, lock } = await locked()
  await writeLock(root, lock)
  expect(
    await readFile(join(root, 'recipes.lock.yaml'), 'utf8'),
  ).toBe(`# Written by \`flist lock\`; commit it. It pins what the recipes name but do not hold.
bases:
  debian:12:
    digest: ${DIGEST}
    reference: docker.io/library/debian:12
downloads:
  https://example.org/tool: ${HASH}
snippets:
  web: "1.2"
`)
  expect(await readLock(root)).toEqual(lock)
})

test('there need not be one', async () => {
  expect(await readLock(await project())).toBeUndefined()
})

test('one that is damaged is a problem with its place', async () => {
  const root = await project()
  await writeFile(join(root, 'recipes.lock.yaml'), 'bases: { a: { reference: a, digest: sha256:1 } }\nsnippets: {}\n')
  await expect(readLock(root)).rejects.toThrow(
    'recipes.lock.yaml:1:1: "downloads" is missing\nrecipes.lock.yaml:1:37: "bases.a.digest" is no digest',
  )
})

describe('what is not as locked', () => {
  const lines = (differences: ReturnType<typeof compareLock>) => differences.map(formatLockDifference)

  test('nothing', async () => {
    const { recipes, lock } = await locked()
    expect(compareLockOffline(lock, recipes)).toEqual([])
  })

  test('with the answers of registries', async () => {
    const { lock } = await locked()
    const moved = {
      ...lock,
      bases: { 'debian:12': { reference: 'docker.io/library/debian:12', digest: `sha256:${HASH}` } },
    }
    expect(lines(compareLock(lock, moved))).toEqual([
      `base debian:12: docker.io/library/debian:12@${DIGEST} → docker.io/library/debian:12@sha256:${HASH}`,
    ])
  })

  test('without them', async () => {
    const { lock } = await locked()
    const { recipes } = await locked({
      [WEB]: CHANGES[WEB].replace('"1.2"', '"1.3"').replace('org/tool', 'org/other'),
      'recipes/recipes.yaml':
        PROJECT['recipes/recipes.yaml']?.replace('library/debian:12', 'library/debian:bookworm') ?? '',
    })
    expect(lines(compareLockOffline(lock, recipes))).toEqual([
      `base debian:12: docker.io/library/debian:12@${DIGEST} → docker.io/library/debian:bookworm@${DIGEST}`,
      'snippet web: 1.2 → 1.3',
      `download https://example.org/other: not in the lock, now ${HASH}`,
      'download https://example.org/tool: in the lock, but not used any more',
    ])
    expect(lines(compareLockOffline({ bases: {}, snippets: {}, downloads: {} }, recipes))).toContain(
      'base debian:12: not in the lock, now docker.io/library/debian:bookworm',
    )
  })
})

describe('a download whose hash the snippet leaves to the lock', () => {
  const URL = 'https://example.org/tool'
  const unhashed = { [WEB]: CHANGES[WEB].replace(`, sha256: ${HASH}`, '') }

  test('is not locked before somebody loaded it', async () => {
    const { recipes, lock } = await locked(unhashed)
    expect(unhashedDownloads(recipes).map(({ url }) => url)).toEqual([URL])
    expect(lock.downloads).toEqual({})
    expect(compareLockOffline(lock, recipes).map(formatLockDifference)).toEqual([
      `download ${URL}: not in the lock (${WEB}:3:57)`,
    ])
  })

  test('is built with the hash of the lock', async () => {
    const { recipes } = await locked(unhashed)
    const site = renderImage(recipes, 'site')
    expect(downloadArguments(site, undefined)).toMatchObject({ values: {}, missing: [{ url: URL }] })
    const lock = lockOf(recipes, new Map([['debian:12', DIGEST]]), new Map([[URL, HASH]]))
    expect(downloadArguments(site, lock)).toEqual({ values: { SHA256_WEB_1_AMD64: HASH }, missing: [] })
    expect(compareLockOffline(lock, recipes)).toEqual([])
  })
})
