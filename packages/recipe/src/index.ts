export { buildOrder, withParents } from './build-order.ts'
export { readCodeFrame } from './code-frame.ts'
export { contextFiles, contextHash } from './context-hash.ts'
export { type ExplainedSnippet, type Explanation, explainImage } from './explanation.ts'
export { formatMermaid, type GraphEdge, imagesOnTop, imagesWith, recipeGraph } from './graph.ts'
export type { ImageDefinition } from './image.ts'
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
export { SNAPSHOT_ARGUMENT } from './package-snapshot.ts'
export { type Location, type Problem, RecipeError, type RecipeErrorCode } from './problem.ts'
export { loadRecipes, type Recipes } from './recipes.ts'
export type { Base, Bootstrap } from './recipes-schema.ts'
export { type ContextFile, type RenderedBase, type RenderedImage, renderImage } from './render.ts'
export type { Check, Scenario, SnippetScenario } from './scenario.ts'
export { imageRuns, snippetRuns, type TestRun } from './scenario-image.ts'
export type { Snippet } from './snippet.ts'
export { type SourceMap, type TracedLine, traceFailure } from './source-map.ts'
export type { Download } from './stage-contents.ts'
export type { Architecture } from './stage-schema.ts'
export type { SupervisorName } from './supervisor.ts'
