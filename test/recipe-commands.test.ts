import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { flist } from './harness/command.ts'
import { recipesWithBase, writeRecipes } from './harness/recipe-folder.ts'

/** The commands about recipes, as a user sees them. */
async function recipes(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'flist-recipes-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  return writeRecipes(root, {
    ...recipesWithBase('registry.example/tiny:1'),
    'snippets/greet/snippet.yaml': 'description: Greets\nrun:\n  - echo hello > /etc/motd\n',
    'images/below/image.yaml': { description: 'Below', base: 'tiny', snippets: ['greet'] },
    'images/above/image.yaml': { description: 'Above', base: { image: 'below' } },
  })
}

test('explain leads from a line of a Dockerfile to its recipe', async () => {
  const root = await recipes()
  expect((await flist(['explain', 'below', '--root', root])).stdout).toContain(
    'greet in below: listed by the image (recipes/images/below/image.yaml:4:5)',
  )
  const { stdout } = await flist(['explain', 'below', '11', '--root', root])
  expect(stdout).toBe(`dockerfiles/below/Dockerfile:11: RUN echo hello > /etc/motd
comes from recipes/snippets/greet/snippet.yaml:3:5
  1 | description: Greets
  2 | run:
> 3 |   - echo hello > /etc/motd
    |     ^
`)
  expect(await flist(['explain', 'below', '99', '--root', root])).toMatchObject({
    code: 2,
    stderr: 'flist: dockerfiles/below/Dockerfile has 14 lines, and no line 99\n',
  })
})

test('diff shows what changed, and what is built again for it', async () => {
  const root = await recipes()
  expect((await flist(['render', '--root', root])).code).toBe(0)
  expect(await flist(['diff', '--root', root])).toMatchObject({ code: 0, stdout: '' })
  await writeRecipes(root, { 'snippets/greet/snippet.yaml': 'description: Greets\nrun:\n  - echo hi > /etc/motd\n' })
  const { code, stdout } = await flist(['diff', '--root', root])
  expect(code).toBe(3)
  expect(stdout).toContain('-RUN echo hello > /etc/motd\n+RUN echo hi > /etc/motd\n')
  expect(stdout).toMatch(/changed: below\nbuilt again, being on top: above\n$/)
  expect((await flist(['diff', '--snippet', 'greet', '--root', root])).stdout).toBe('below\nabove\n')
})

test('a problem is shown with its lines', async () => {
  const root = await recipes()
  await writeRecipes(root, { 'images/above/image.yaml': 'description: Above\nbase: { image: belo }\n' })
  const { code, stderr } = await flist(['render', '--root', root])
  expect(code).toBe(2)
  expect(stderr).toBe(`flist: recipes: one problem

recipes/images/above/image.yaml:2:16: no image "belo"; did you mean "below"?
  1 | description: Above
> 2 | base: { image: belo }
    |                ^
`)
})

test('new starts a definition, and asks nobody where nobody is', async () => {
  const root = await recipes()
  const made = await flist(['new', 'image', 'shop', '--root', root, '--base', 'below', '--description', 'A shop'])
  expect(made).toMatchObject({ code: 0, stdout: 'recipes/images/shop/image.yaml\n' })
  expect((await flist(['graph', 'shop', '--root', root])).stdout).toContain('image1 ==> image3["shop"]\n')
  const asked = await flist(['new', 'snippet', 'x', '--root', root])
  expect(asked).toMatchObject({ code: 2, stderr: 'flist: nothing says the description; give --description\n' })
})

test('adopt leaves no recipe behind that it can not render', async () => {
  const root = await recipes()
  await writeFile(join(root, 'Dockerfile'), 'FROM registry.example/tiny:1\nRUN a \\\n')
  const { code, stderr } = await flist(['adopt', join(root, 'Dockerfile'), '--name', 'shop', '--root', root])
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('the last instruction goes on') })
  expect(await readdir(join(root, 'recipes/images'))).toEqual(['above', 'below'])
  expect(await flist(['adopt', join(root, 'none'), '--root', root])).toMatchObject({
    code: 2,
    stderr: `flist: "${join(root, 'none')}": can not be read (ENOENT); name a Dockerfile\n  because: ENOENT: no such file or directory, open '${join(root, 'none')}'\n`,
  })
})

test('lint tells what is wrong in a Dockerfile at the line of its recipe, and as data', async () => {
  const root = await recipes()
  expect(await flist(['lint', '--root', root])).toMatchObject({ code: 0, stdout: '2 Dockerfiles: nothing found\n' })
  const snippet = 'description: Greets\nrun:\n  - chmod 777 /etc\n  - curl https://example.org | sh\n'
  await writeRecipes(root, { 'snippets/greet/snippet.yaml': snippet })
  const { code, stdout, stderr } = await flist(['lint', '--root', root])
  expect({ code, stderr }).toEqual({ code: 3, stderr: 'flist: findings in 2 Dockerfiles: 1\n' })
  expect(
    stdout,
  ).toContain(`recipes/snippets/greet/snippet.yaml:4:5: error: a shell runs what the network gives; declare it under "downloads" with its sha256, and run the file (pipe-to-shell, in below)
  2 | run:
  3 |   - chmod 777 /etc
> 4 |   - curl https://example.org | sh
    |     ^
`)
  const { findings } = JSON.parse((await flist(['lint', 'below', '--root', root, '--strict', '--json'])).stdout)
  expect(findings).toMatchObject([
    { file: 'recipes/snippets/greet/snippet.yaml', line: 3, column: 5, severity: 'warning', images: ['below'] },
    { file: 'recipes/snippets/greet/snippet.yaml', line: 4, column: 5, severity: 'error' },
  ])
})
