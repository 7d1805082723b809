import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { contextFiles, contextHash } from './context-hash.ts'
import { compareContexts, writeContexts } from './contexts.ts'
import { PROJECT, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { type RenderedImage, renderImage } from './render.ts'

async function written(): Promise<{ root: string; images: RenderedImage[] }> {
  const root = await project()
  const recipes = await loadRecipes(root)
  const images = ['base', 'site'].map((name) => renderImage(recipes, name))
  await writeContexts(root, images)
  return { root, images }
}

async function edit(root: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content)
}

describe('writing', () => {
  test('every file with its content and mode, and nothing beside', async () => {
    const { root, images } = await written()
    expect(await readdir(join(root, 'dockerfiles'))).toEqual(['base', 'site'])
    for (const image of images) {
      for (const { path, content, mode } of contextFiles(image)) {
        const place = join(root, 'dockerfiles', image.name, path)
        expect(await readFile(place)).toEqual(content)
        expect((await stat(place)).mode & 0o777).toBe(mode)
      }
    }
  })

  test('what is as rendered is not touched', async () => {
    const { root, images } = await written()
    const place = join(root, 'dockerfiles/base/Dockerfile')
    const { ino, mtimeMs } = await stat(place)
    expect(await writeContexts(root, images)).toEqual([])
    expect(await stat(place)).toMatchObject({ ino, mtimeMs })
  })

  test('what is not rendered any more goes away', async () => {
    const { root, images } = await written()
    await edit(root, 'dockerfiles/base/snippets/old/etc/x', 'x')
    expect(await writeContexts(root, images)).toEqual(['base'])
    expect(await readdir(join(root, 'dockerfiles/base/snippets'))).toEqual(['runit'])
  })

  test('contexts of images that are gone go away when all images are given', async () => {
    const { root, images } = await written()
    const left = images.filter(({ name }) => name === 'base')
    expect(await writeContexts(root, left)).toEqual([])
    expect(await writeContexts(root, left, { complete: true })).toEqual(['site'])
    expect(await readdir(join(root, 'dockerfiles'))).toEqual(['base'])
  })

  test('folders that were not generated are left alone, and nothing is written then', async () => {
    const { root, images } = await written()
    await rm(join(root, 'dockerfiles'), { recursive: true })
    await edit(root, 'dockerfiles/site/Dockerfile', 'FROM scratch\n')
    await edit(root, 'dockerfiles/other/Dockerfile', 'FROM scratch\n')
    await expect(writeContexts(root, images, { complete: true })).rejects.toMatchObject({
      code: 'foreign-folder',
      message: 'dockerfiles/site: it was not generated from recipes; move it away, or rename the image',
    })
    expect(await readdir(join(root, 'dockerfiles'))).toEqual(['other', 'site'])
    expect(await readFile(join(root, 'dockerfiles/site/Dockerfile'), 'utf8')).toBe('FROM scratch\n')
  })

  test('an empty folder or a file in the way', async () => {
    const { root, images } = await written()
    await rm(join(root, 'dockerfiles'), { recursive: true })
    await mkdir(join(root, 'dockerfiles/site'), { recursive: true })
    expect(await writeContexts(root, images)).toEqual(['base', 'site'])
    await rm(join(root, 'dockerfiles/base'), { recursive: true })
    await edit(root, 'dockerfiles/base', 'a file')
    await expect(writeContexts(root, images)).rejects.toMatchObject({ code: 'foreign-folder' })
  })
})

describe('comparing', () => {
  test('nothing differs after writing', async () => {
    const { root, images } = await written()
    expect(await compareContexts(root, images, { complete: true })).toEqual([])
  })

  test('what is there against what would be', async () => {
    const { root, images } = await written()
    await edit(root, 'dockerfiles/site/snippets/web/etc/web.conf', 'port = 80\nlevel = info\n')
    await edit(root, 'dockerfiles/site/extra.txt', 'x\n')
    await rm(join(root, 'dockerfiles/site/Dockerfile'))
    await chmod(join(root, 'dockerfiles/base/snippets/runit/sbin/init'), 0o644)
    const drift = await compareContexts(root, images)
    expect(drift.map(({ image, path, kind }) => [image, path, kind])).toEqual([
      ['base', 'dockerfiles/base/snippets/runit/sbin/init', 'mode'],
      ['site', 'dockerfiles/site/Dockerfile', 'missing'],
      ['site', 'dockerfiles/site/extra.txt', 'extra'],
      ['site', 'dockerfiles/site/snippets/web/etc/web.conf', 'changed'],
    ])
    expect(
      drift[0]?.diff,
    ).toBe(`diff --git a/dockerfiles/base/snippets/runit/sbin/init b/dockerfiles/base/snippets/runit/sbin/init
old mode 100644
new mode 100755
`)
    expect(drift[1]?.diff).toMatch(
      /^--- \/dev\/null\n\+\+\+ b\/dockerfiles\/site\/Dockerfile\n@@ -0,0 \+1,\d+ @@\n\+# Generated/,
    )
    expect(drift[2]?.diff).toBe('--- a/dockerfiles/site/extra.txt\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n')
    expect(drift[3]?.diff).toBe(`--- a/dockerfiles/site/snippets/web/etc/web.conf
+++ b/dockerfiles/site/snippets/web/etc/web.conf
@@ -1,2 +1,2 @@
-port = 80
+port = 8080
 level = info
`)
  })

  test('a checkout with another umask is no drift', async () => {
    const { root, images } = await written()
    await chmod(join(root, 'dockerfiles/base/snippets/runit/sbin/init'), 0o775)
    await chmod(join(root, 'dockerfiles/base/Dockerfile'), 0o664)
    expect(await compareContexts(root, images)).toEqual([])
  })

  test('binary files and links', async () => {
    const { root, images } = await written()
    await writeFile(join(root, 'dockerfiles/base/snippets/runit/sbin/init'), Buffer.of(0, 255))
    await rm(join(root, 'dockerfiles/base/Dockerfile'))
    await symlink('/etc/passwd', join(root, 'dockerfiles/base/Dockerfile'))
    const [dockerfile, init] = await compareContexts(root, images)
    expect(dockerfile).toMatchObject({ kind: 'changed', diff: 'dockerfiles/base/Dockerfile: not a regular file\n' })
    expect(init?.diff).toMatch(/^Binary files a\/\S+ and b\/\S+ differ\n$/)
  })

  test('a context that is not there, and one of an image that is gone', async () => {
    const { root, images } = await written()
    const [base] = images
    await rm(join(root, 'dockerfiles/base'), { recursive: true })
    const drift = await compareContexts(root, base ? [base] : [], { complete: true })
    expect(drift.map(({ image, kind }) => `${image} ${kind}`)).toEqual([
      'base missing',
      'base missing',
      ...Array(3).fill('site extra'),
    ])
  })
})

describe('the hash of a context', () => {
  const base = async (changes: Parameters<typeof project>[0]) =>
    renderImage(await loadRecipes(await project(changes)), 'base')

  test('is stable', async () => {
    expect(contextHash(await base({}))).toBe(contextHash(await base({})))
    expect(contextHash(await base({}))).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([
    ['a content', { 'recipes/snippets/runit/init': '#!/bin/sh\n\n' }],
    [
      'a mode',
      {
        'recipes/snippets/runit/snippet.yaml': (PROJECT['recipes/snippets/runit/snippet.yaml'] ?? '').replace(
          '0755',
          '0644',
        ),
      },
    ],
    [
      'a path',
      {
        'recipes/snippets/runit/snippet.yaml': (PROJECT['recipes/snippets/runit/snippet.yaml'] ?? '').replace(
          '/sbin/init',
          '/sbin/init2',
        ),
      },
    ],
  ])('changes with %s', async (_, changes) => {
    expect(contextHash(await base(changes))).not.toBe(contextHash(await base({})))
  })

  test('tells contents apart that differ only in where one ends', () => {
    const file = (content: string) => ({ content: Buffer.from(content), mode: 0o644 as const })
    const image = (files: [string, string][]): RenderedImage => ({
      name: 'x',
      description: 'x',
      base: { kind: 'image', name: 'y' },
      sources: [],
      snippets: new Map(),
      fileHashes: new Map(),
      sourceMap: [],
      downloads: [],
      files: new Map(files.map(([path, content]) => [path, file(content)])),
    })
    const tail = '["b",420,1]y'
    expect(
      contextHash(
        image([
          ['a', 'x'],
          ['b', 'y'],
        ]),
      ),
    ).not.toBe(contextHash(image([['a', `x${tail}`]])))
  })
})
