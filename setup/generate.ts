// `pnpm generate`: writes every generated file of the repository. A test compares them with what is committed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { actionFiles, withTables } from '../packages/action/scripts/action-files.ts'
import { bundle } from '../packages/action/scripts/bundle.ts'
import { fillCatalogue } from '../packages/recipe/src/catalogue.ts'
import { loadRecipes } from '../packages/recipe/src/index.ts'
import { recipeSchemas } from '../packages/recipe/src/json-schemas.ts'
import { imageReference, snippetReference } from '../packages/recipe/src/reference-docs.ts'

const root = join(import.meta.dirname, '..')
const run = (program: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(root, program), ...args], { cwd: root, stdio: 'inherit' })

run('packages/flist/scripts/build-wasm.ts')
run('packages/flist/scripts/build-thread.ts')
for (const [name, text] of recipeSchemas()) writeFileSync(join(root, 'recipes', 'schemas', name), text)
run('packages/cli/src/main.ts', 'render')
for (const [path, text] of actionFiles()) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const tables = join(root, 'actions', 'README.md')
writeFileSync(tables, withTables(readFileSync(tables, 'utf8')))
const catalogue = join(root, 'docs', 'catalogue.md')
const recipes = await loadRecipes(root)
writeFileSync(catalogue, fillCatalogue(readFileSync(catalogue, 'utf8'), recipes))
writeFileSync(join(root, 'docs', 'snippets.md'), snippetReference(recipes))
writeFileSync(join(root, 'docs', 'images.md'), imageReference(recipes))
const dist = join(root, 'packages', 'action', 'dist')
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
for (const [name, text] of (await bundle()).files) writeFileSync(join(dist, name), text)
