export { buildOrder, withParents } from './build-order.ts'
export {
  type ContextsOptions,
  compareContexts,
  contextFiles,
  contextHash,
  type Drift,
  writeContexts,
} from './contexts.ts'
export type { ImageDefinition } from './image.ts'
export { recipeSchemas } from './json-schemas.ts'
export { formatProblem, type Location, type Problem, RecipeError, type RecipeErrorCode } from './problem.ts'
export { loadRecipes, type Recipes } from './recipes.ts'
export type { Base, Bootstrap } from './recipes-schema.ts'
export { type ContextFile, type RenderedBase, type RenderedImage, renderImage } from './render.ts'
export type { Snippet } from './snippet.ts'
export { loadVms, type VmDefinition, type VmFile } from './vm.ts'
