// `pnpm generate`: writes every generated file of the repository. A test compares them with what is committed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../packages/action/scripts/bundle.ts'
import {
  fillCatalogue,
  imageReference,
  loadRecipes,
  recipeSchemas,
  snippetReference,
} from '../packages/recipe/src/index.ts'

const root = join(import.meta.dirname, '..')
const run = (program: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(root, program), ...args], { cwd: root, stdio: 'inherit' })

run('packages/flist/scripts/build-wasm.ts')
run('packages/flist/scripts/build-thread.ts')
for (const [name, text] of recipeSchemas()) writeFileSync(join(root, 'recipes', 'schemas', name), text)
run('packages/cli/src/main.ts', 'render')
const catalogue = join(root, 'docs', 'catalogue.md')
const recipes = await loadRecipes(root)
writeFileSync(catalogue, fillCatalogue(readFileSync(catalogue, 'utf8'), recipes))
writeFileSync(join(root, 'docs', 'snippets.md'), snippetReference(recipes))
writeFileSync(join(root, 'docs', 'images.md'), imageReference(recipes))
const dist = join(root, 'packages', 'action', 'dist')
mkdirSync(dist, { recursive: true })
writeFileSync(join(dist, 'index.js'), (await bundle()).text)
