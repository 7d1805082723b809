export { type Adopted, type Adoption, adoptDockerfile } from './adoption.ts'
export { proveAdoption } from './adoption-proof.ts'
export { buildObstacle } from './build-obstacle.ts'
export { buildOrder, withParents } from './build-order.ts'
export { type CatalogueEntry, catalogueEntries, fillCatalogue } from './catalogue.ts'
export { codeFrame, readCodeFrame } from './code-frame.ts'
export {
  type ContextsOptions,
  compareContexts,
  contextFiles,
  contextHash,
  type Drift,
  writeContexts,
} from './contexts.ts'
export { type LintFinding, lintImages } from './dockerfile-lint.ts'
export type { LintSeverity } from './dockerfile-rules.ts'
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
  lockEntry,
  lockOf,
  parseLock,
  readLock,
  SNAPSHOT_DATE,
  snapshotBases,
  unhashedDownloads,
  usedBases,
  writeLock,
} from './lock.ts'
export {
  checkContext,
  contextReader,
  copyContext,
  createImage,
  createSnippet,
  type NewImage,
  type NewSnippet,
} from './new-definition.ts'
export { type OwnDockerfile, readOwnDockerfile } from './own-dockerfile.ts'
export { SNAPSHOT_ARGUMENT } from './package-snapshot.ts'
export { formatProblem, type Location, type Problem, RecipeError, type RecipeErrorCode } from './problem.ts'
export { loadRecipes, type Recipes } from './recipes.ts'
export type { Base, Bootstrap } from './recipes-schema.ts'
export { imageReference, snippetReference } from './reference-docs.ts'
export { type ContextFile, type RenderedBase, type RenderedImage, renderImage } from './render.ts'
export type { Check, Scenario, SnippetScenario } from './scenario.ts'
export { imageRuns, snippetRuns, type TestRun } from './scenario-image.ts'
export type { Snippet } from './snippet.ts'
export { type SourceMap, type TracedLine, traceDockerfile, traceFailure } from './source-map.ts'
export type { Download } from './stage-contents.ts'
export type { Architecture } from './stage-schema.ts'
export type { SupervisorName } from './supervisor.ts'
export { loadVms, type VmDefinition } from './vm.ts'
export type { VmStep } from './vm-contents.ts'
