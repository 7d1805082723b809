import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { splitStages } from './adopted-stages.ts'
import { adoptDockerfile } from './adoption.ts'
import { proveAdoption } from './adoption-proof.ts'
import { parseInstructions } from './dockerfile-instructions.ts'
import { checkContext, copyContext, createImage } from './new-definition.ts'
import { RecipeError } from './problem.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

export type DockerfileRecipes = {
  /** The Dockerfile; its folder is its build context. */
  readonly dockerfile: string
  /** Name of the image. */
  readonly name: string
  /** Registry and path in front of it. */
  readonly registry: string
}

/**
 * Writes recipes that have one image: what a Dockerfile says. So a repository that has nothing but that goes the same way as one
 * with recipes, with its base pinned by digest and nothing done twice.
 *
 * @param root folder to be made, outside of that of the Dockerfile
 * @throws {RecipeError} `invalid`: as `flist adopt` refuses it, and `exists` when the folder has recipes
 */
export async function createDockerfileRecipes(
  root: string,
  { dockerfile, name, registry }: DockerfileRecipes,
): Promise<void> {
  const folder = dirname(dockerfile)
  const text = await readDockerfile(dockerfile)
  // What it is built on; what can not be adopted is reported below, all of it.
  const reference = splitStages(parseInstructions(text), () => {}).at(-1)?.base
  if (reference === undefined) throw new RecipeError('invalid', `${dockerfile}: there is no FROM; it is no Dockerfile`)
  await mkdir(join(root, 'recipes'), { recursive: true })
  // The family says how packages of snippets are installed, of which there are none.
  const recipes = { registry, bases: { base: { reference, family: 'debian' } } }
  await writeFile(join(root, 'recipes', 'recipes.yaml'), stringify(recipes))
  const adoption = await adoptDockerfile(await loadRecipes(root), name, dockerfile, text)
  if (adoption.needsContext) await checkContext(folder)
  await createImage(root, name, adoption.image, adoption.comments)
  if (adoption.needsContext) await copyContext(root, name, folder)
  proveAdoption(renderImage(await loadRecipes(root), name), adoption)
}

async function readDockerfile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new RecipeError('invalid', `${path}: can not be read; write the path from the root of the repository`, [], {
      cause,
    })
  })
}
