import type * as z from 'zod'
import { imageSchema } from './image-schema.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { recipesSchema } from './recipes-schema.ts'
import { snippetSchema } from './snippet-schema.ts'
import { vmSchema } from './vm-schema.ts'

/**
 * The JSON Schemas (draft 7, the one editors know best) of the recipe files, by file name, as the folder recipes/schemas
 * holds them. Editors complete and check by them; the rules they can not state are checked on loading.
 */
export function recipeSchemas(): ReadonlyMap<string, string> {
  return new Map([
    ['image.schema.json', schemaText(imageSchema)],
    ['recipes.schema.json', schemaText(recipesSchema)],
    ['snippet.schema.json', schemaText(snippetSchema)],
    ['vm.schema.json', schemaText(vmSchema)],
  ])
}

function schemaText(schema: z.ZodType): string {
  return `${JSON.stringify(jsonSchemaOf(schema), null, 2)}\n`
}
