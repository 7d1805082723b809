import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDockerfileRecipes } from './dockerfile-recipes.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-dockerfile-'))
  await mkdir(join(folder, 'app'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function create(dockerfile: string): Promise<string> {
  await writeFile(join(folder, 'app', 'Dockerfile'), dockerfile)
  await writeFile(join(folder, 'app', 'hello'), 'hello\n', { mode: 0o644 })
  const root = join(folder, 'made')
  const options = { dockerfile: join(folder, 'app', 'Dockerfile'), name: 'app', registry: 'ghcr.io/outsider/app' }
  await createDockerfileRecipes(root, options)
  return root
}

test('recipes with one image, which says what the Dockerfile says', async () => {
  const root = await create(
    'FROM alpine:3.20 AS one\nRUN true\nFROM one\nCOPY hello /hello\nCMD ["/bin/cat", "/hello"]\n',
  )
  const recipes = await loadRecipes(root)
  expect([...recipes.images.keys()]).toEqual(['app'])
  const image = renderImage(recipes, 'app')
  const text = image.files.get('Dockerfile')?.content.toString()
  expect(text).toContain('alpine:3.20')
  expect(text).toContain('RUN true')
  expect(text).toContain('CMD ["/bin/cat", "/hello"]')
  expect([...image.files.keys()]).toContain('context/hello')
})

test.each([
  ['# nothing\n', 'there is no FROM'],
  ['FROM alpine\nFROM debian\nCOPY --from=0 /a /b\n', 'this stage is built on "alpine" and the image on "debian"'],
  ['FROM alpine\nRUN --mount=type=cache,target=/c true\n', 'this flag needs BuildKit'],
])('what can not be taken over is told: %j', async (text, message) => {
  await expect(create(text)).rejects.toThrow(message)
})

test('a Dockerfile that is not there is told with its path', async () => {
  const options = { dockerfile: join(folder, 'nope', 'Dockerfile'), name: 'app', registry: 'ghcr.io/outsider/app' }
  await expect(createDockerfileRecipes(join(folder, 'made'), options)).rejects.toThrow(
    'nope/Dockerfile: can not be read',
  )
})
