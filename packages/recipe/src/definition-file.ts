import type * as z from 'zod'
import type { Report } from './problem.ts'
import { decodeText, type RecipeFolder } from './recipe-folder.ts'
import { validate } from './validation.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** A YAML file whose values fit its schema, with their places. */
export type DefinitionFile<T> = { readonly source: YamlSource; readonly value: T }

/** Reads the YAML file of a folder that defines something; what is wrong with it is reported, then nothing is returned. */
export async function readDefinition<T extends z.ZodType>(
  folder: RecipeFolder,
  name: string,
  schema: T,
  report: Report,
): Promise<DefinitionFile<z.output<T>> | undefined> {
  const file = `${folder.path}/${name}`
  const bytes = await folder.read(name)
  if (bytes === undefined) {
    const remedy = name === 'recipes.yaml' ? 'it names the registry and the bases' : 'write it, or remove the folder'
    report({ file, line: 1, column: 1 }, 'the file is missing', remedy)
    return undefined
  }
  const text = decodeText(file, bytes, report)
  const source = text === undefined ? undefined : await readYaml(file, text, report)
  const value = source && validate(schema, source, report)
  return source && value !== undefined ? { source, value } : undefined
}
