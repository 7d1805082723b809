export { type Adopted, type Adoption, adoptDockerfile } from './adoption.ts'
export { buildOrder, withParents } from './build-order.ts'
export { codeFrame, readCodeFrame } from './code-frame.ts'
export {
  type ContextsOptions,
  compareContexts,
  contextFiles,
  contextHash,
  type Drift,
  writeContexts,
} from './contexts.ts'
export { type ExplainedSnippet, type Explanation, explainImage } from './explanation.ts'
export { formatMermaid, type GraphEdge, imagesOnTop, imagesWith, recipeGraph } from './graph.ts'
export type { ImageDefinition } from './image.ts'
export { recipeSchemas } from './json-schemas.ts'
export {
  compareLock,
  compareLockOffline,
  downloadArguments,
  formatLockDifference,
  LOCK_FILE,
  type Lock,
  type LockDifference,
  lockOf,
  parseLock,
  readLock,
  unhashedDownloads,
  usedBases,
  writeLock,
} from './lock.ts'
export {
  checkContext,
  copyContext,
  createImage,
  createSnippet,
  type NewImage,
  type NewSnippet,
} from './new-definition.ts'
export { formatProblem, type Location, type Problem, RecipeError, type RecipeErrorCode } from './problem.ts'
export { loadRecipes, type Recipes } from './recipes.ts'
export type { Base, Bootstrap } from './recipes-schema.ts'
export { type ContextFile, type RenderedBase, type RenderedImage, renderImage } from './render.ts'
export type { Snippet } from './snippet.ts'
export { type SourceMap, type TracedLine, traceDockerfile, traceFailure } from './source-map.ts'
export type { Download } from './stage-contents.ts'
export type { Architecture } from './stage-schema.ts'
export { loadVms, type VmDefinition, type VmFile } from './vm.ts'
