import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lintImages } from './dockerfile-lint.ts'
import { project } from './recipe-fixture.ts'
import { loadRecipes, type Recipes } from './recipes.ts'
import { renderImage } from './render.ts'

async function lint(root: string) {
  const recipes: Recipes = await loadRecipes(root)
  const images = [...recipes.images.keys()].map((name) => renderImage(recipes, name))
  return lintImages(images, recipes.registry)
}

const withFragment = (lines: string) => ({
  'recipes/images/site/image.yaml': `description: A site
base: { image: base }
dockerfile: |
${lines.replaceAll(/^/gm, '  ')}
`,
})

test.each([
  ['RUN curl -fsS https://example.org/x | sh', 'error pipe-to-shell 4'],
  ['RUN echo a \\\n && wget -qO- https://example.org/x | bash -s -- --yes', 'error pipe-to-shell 5'],
  ['ADD https://example.org/x /opt/x', 'error download-not-checked 4'],
  ['ADD https://example.org/x /opt/x\nRUN echo "00  /opt/x" | sha256sum -c -', ''],
  ['RUN apt-get update && apt-get install -y curl', 'warning package-lists-left 4'],
  ['RUN apt-get update \\\n && apt-get install -y curl \\\n && rm -rf /var/lib/apt/lists/*', ''],
  ['RUN apk add curl', 'warning package-lists-left 4'],
  ['RUN apk add --no-cache curl', ''],
  ['RUN dnf install -y curl', 'warning package-lists-left 4'],
  ['RUN pacman -Sy --noconfirm curl', 'warning package-lists-left 4'],
  ['RUN apt-get update', 'warning apt-update-alone 4'],
  ['RUN apt-get install curl && rm -rf /var/lib/apt/lists', 'error apt-without-yes 4'],
  ['RUN apt install -y curl && rm -rf /var/lib/apt/lists', 'warning apt-for-people 4'],
  ['RUN true && \\\n    sudo make install', 'warning sudo 5'],
  ['RUN make && cd /srv', 'warning cd-has-no-effect 4'],
  ['RUN cd /srv && make', ''],
  ['RUN chmod -R 777 /srv', 'warning writable-by-all 4'],
  ['ENV DB_PASSWORD=hunter2', 'error secret-in-image 4'],
  ['ENV DB_PASSWORD=""', ''],
  ['WORKDIR srv', 'warning syntax-50 4'],
  ['EXPOSE http', 'error syntax-24 4'],
])('%j', async (lines, expected) => {
  const found = await lint(await project(withFragment(lines)))
  expect(found.map(({ severity, rule, line }) => `${severity} ${rule} ${line}`).join(', ')).toBe(expected)
})

test.each([
  ['docker.io/library/debian:latest', ['error']],
  ['docker.io/library/debian', ['error']],
  ['localhost:5000/debian', ['error']],
  [`docker.io/library/debian@sha256:${'0'.repeat(64)}`, []],
  ['docker.io/library/debian:12', []],
])('a base is pinned: %s', async (reference, severities) => {
  const recipes = `registry: registry.example/images
bases:
  debian:12: { reference: "${reference}", family: debian }
`
  const found = await lint(await project({ 'recipes/recipes.yaml': recipes }))
  expect(found.map(({ severity }) => severity)).toEqual(severities)
})

test('what several images have from one snippet is told once, at its line', async () => {
  const root = await project({
    'recipes/snippets/web/snippet.yaml': 'description: A web server\nrun:\n  - chmod 777 /srv\n',
    'recipes/images/site/image.yaml': 'description: A site\nbase: debian:12\nsnippets: [web]\n',
    'recipes/images/other/image.yaml': 'description: Another\nbase: debian:12\nsnippets: [web]\n',
  })
  expect(await lint(root)).toEqual([
    {
      file: 'recipes/snippets/web/snippet.yaml',
      line: 3,
      column: 5,
      message: 'every user of the image may change this',
      hint: 'give the rights to the user that needs them',
      severity: 'warning',
      rule: 'writable-by-all',
      images: ['other', 'site'],
      dockerfileLine: 11,
    },
  ])
})

describe('the Dockerfiles of this repository', async () => {
  const recipes = await loadRecipes(join(import.meta.dirname, '../../..'))
  const images = [...recipes.images.keys()].map((name) => renderImage(recipes, name))

  test('nothing is found in them', async () => {
    expect(await lintImages(images, recipes.registry)).toEqual([])
  })

  test('every script in a context is one for the shell it names', () => {
    const scripts = new Map<string, string>()
    for (const { name, files } of images) {
      for (const [path, { content }] of files) {
        const [, shell = ''] = /^#!\/bin\/(sh|bash)\n/.exec(content.toString()) ?? []
        if (shell) scripts.set(`${shell} ${content}`, `${name}/${path}`)
      }
    }
    expect(scripts.size).toBeGreaterThan(50)
    for (const [text, path] of scripts) {
      const [shell = ''] = text.split(' ', 1)
      const { stderr } = spawnSync(`/bin/${shell}`, ['-n'], { input: text.slice(shell.length + 1), encoding: 'utf8' })
      expect(stderr, path).toBe('')
    }
  })

  test('no script gives a quoted value to echo, which reads backslashes in it where the shell is dash', () => {
    const quoting = /^(\w+)\(\) \{ (?:printf|named) /gm
    const found = images.flatMap(({ name, files }) =>
      [...files].flatMap(([path, { content }]) => {
        const text = content.toString()
        if (!text.startsWith('#!/bin/sh\n')) return []
        const helpers = [...text.matchAll(quoting)].map(([, helper]) => helper)
        const misuse = helpers.length > 0 && new RegExp(`echo ".*\\$\\((?:${helpers.join('|')}) `).test(text)
        return misuse ? [`${name}/${path}`] : []
      }),
    )
    expect(found).toEqual([])
  })
})
