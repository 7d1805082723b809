import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'

/** A repository of recipes: image name → image.yaml as an object or as text. */
export type RecipeFiles = Readonly<Record<string, string | object>>

/** Writes recipes to `<folder>/recipes`; keys are paths below it, objects become YAML. */
export async function writeRecipes(folder: string, files: RecipeFiles): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, 'recipes', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, typeof content === 'string' ? content : stringify(content))
  }
  return folder
}

/** recipes.yaml with one base. */
export function recipesWithBase(reference: string): RecipeFiles {
  return { 'recipes.yaml': { registry: 'ghcr.io/example/images', bases: { tiny: { reference, family: 'debian' } } } }
}
