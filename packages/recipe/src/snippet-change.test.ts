import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildOrder } from './build-order.ts'
import { contextHash } from './context-hash.ts'
import { parseInstructions } from './dockerfile-instructions.ts'
import { loadRecipes, type Recipes } from './recipes.ts'
import { type RenderedImage, renderImage } from './render.ts'
import { resolveNamed } from './resolution.ts'

/** A change of one snippet in the catalogue of this repository: which images it rebuilds, and from where. */
const ROOT = join(import.meta.dirname, '../../..')

const renderAll = (recipes: Recipes) => buildOrder(recipes).map((name) => renderImage(recipes, name))
const recipes = await loadRecipes(ROOT)
const before = renderAll(recipes)

/** The recipes with a text of one file replaced. */
async function changed(file: string, from: string, to: string): Promise<Recipes> {
  const root = await mkdtemp(join(tmpdir(), 'snippet-change-'))
  onTestFinished(() => rm(root, { recursive: true }))
  await cp(join(ROOT, 'recipes'), join(root, 'recipes'), { recursive: true })
  const path = join(root, 'recipes/snippets', file)
  const text = await readFile(path, 'utf8')
  expect(text).toContain(from)
  await writeFile(path, text.replace(from, to))
  return loadRecipes(root)
}

/**
 * What a builder looks its layers up by: each instruction after those before it in its stage, with the files it copies, or with
 * the stage it copies from.
 */
function layerKeys({ files }: RenderedImage): { line: number; key: string }[] {
  const stages = new Map<string, string>()
  let stage = ''
  let key = ''
  return parseInstructions(files.get('Dockerfile')?.content.toString() ?? '').map(({ line, keyword, value }) => {
    const hash = createHash('sha256')
    const [, name = ''] = / AS (\S+)$/.exec(value) ?? []
    if (keyword === 'FROM') stage = name
    else hash.update(key)
    hash.update(`${keyword} ${value}\0`)
    if (keyword === 'COPY') {
      const [, from] = /^--from=(\S+)/.exec(value) ?? []
      if (from !== undefined) hash.update(stages.get(from) ?? from)
      for (const word of value.split(/\s+/)) {
        for (const [path, file] of files) {
          if (path === word || path.startsWith(`${word}/`)) hash.update(file.content).update(String(file.mode))
        }
      }
    }
    key = hash.digest('hex')
    stages.set(stage, key)
    return { line, key }
  })
}

test.each<[string, string, string, string]>([
  ['a file', 'sshd/sshd-prepare', 'set -e', 'set -eu'],
  ['a template', 'nginx/default.conf.hbs', 'index index.html', 'index index.htm'],
  ['a step of the packages', 'runit/snippet.yaml', 'mkdir -p /etc/runit', 'mkdir -vp /etc/runit'],
  ['a step', 'mattermost/snippet.yaml', 'useradd --system', 'useradd --no-log-init --system'],
  ['a download', 'bitcoind/snippet.yaml', 'bitcoin-27.1-x86', 'bitcoin-27.1.1-x86'],
  ['a stage', 'nostr-relay/snippet.yaml', 'cargo install', 'cargo --verbose install'],
])('%s of a snippet rebuilds the images that have it, from its layer on', async (_, file, from, to) => {
  const [snippet = ''] = file.split('/')
  const after = renderAll(await changed(file, from, to))

  const users = before
    .map(({ name }) => name)
    .filter((name) => resolveNamed(recipes, name).snippets.some((used) => used.snippet.name === snippet))
  expect(users).not.toEqual([])
  const rebuilt = before.filter((image, index) => {
    const other = after[index]
    return other !== undefined && contextHash(image) !== contextHash(other)
  })
  expect(rebuilt.map(({ name }) => name)).toEqual(users)

  for (const image of rebuilt) {
    const other = after.find(({ name }) => name === image.name) ?? image
    const keys = layerKeys(image)
    const keysAfter = layerKeys(other)
    const first = keys.find(({ key }, index) => keysAfter[index]?.key !== key)
    expect(image.sourceMap[(first?.line ?? 0) - 1]?.file, image.name).toBe(`recipes/snippets/${snippet}/snippet.yaml`)
  }
})
