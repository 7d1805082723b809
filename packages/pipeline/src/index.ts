export type { Examination, ExamineOptions } from './contract/examine.ts'
export type { GateOptions, GateReport } from './contract/gate.ts'
export { gateText } from './contract/gate-text.ts'
export type { StartOptions, StartReport } from './contract/start.ts'
export { type Conversion, type ConvertOptions, convertSource } from './convert.ts'
export { errorText } from './error-text.ts'
export { PipelineError, type PipelineErrorCode } from './errors.ts'
export { type FidelityClass, type FidelitySeverity, parseFidelityClasses } from './fidelity/classes.ts'
export type { ConfigMapping } from './fidelity/config-fidelity.ts'
export type { Fidelity } from './fidelity/fidelity.ts'
export { formatFidelity } from './fidelity/fidelity-text.ts'
export type { FidelityExample, FidelityFinding } from './fidelity/findings.ts'
export type { LayerCount } from './image-layers.ts'
export type { Backend } from './image-metadata.ts'
export { needText, type StorageNeed } from './image-raw.ts'
export { type LayerCache, openLayerCache } from './layer-cache.ts'
export type { ConvertLimits } from './limits.ts'
export type { VmOptions, VmResult } from './machine/bring-up-vm.ts'
export type { Plan, PlanAction, PlanLeg, PlannedImage, PlanReason } from './planning/plan.ts'
export type { PlanOptions } from './planning/plan-images.ts'
export { type Durations, type Phase, PhaseRunner, type Progress, type ProgressEvent } from './progress.ts'
export { type HubSession, type ReadSettings, withSession } from './publishing/hub-session.ts'
export { type Publication, type PublishRequest, previewPublication, publishFlist } from './publishing/publish.ts'
export { formatPlan, type PublishPlan } from './publishing/publish-plan.ts'
export { parseRoute } from './publishing/route.ts'
export type { StorageReport } from './publishing/storage-report.ts'
export { storageMarkdown } from './publishing/storage-text.ts'
export { formatBytes, formatLayers, formatSeconds } from './quantity-text.ts'
export { type OpenedFlist, openFlistAt } from './read.ts'
export { type RegistryLayers, registryLayers } from './registry-layers.ts'
export { type History, readHistory } from './releases/history.ts'
export { type Promotion, promoteFlist } from './releases/promotion.ts'
export { type PruneItem, prune } from './releases/pruning.ts'
export { type TagEntry, tagReleases, untagReleases } from './releases/release-tags.ts'
export { rollBack } from './releases/rollback.ts'
export type { ImageStatus, StatusOptions } from './releases/status.ts'
export { type Decision, formatReport, type ImageReport } from './report.ts'
export {
  type CredentialLookup,
  type Credentials,
  chunkServersOf,
  type HubSettings,
  parseBackend,
  parseRegistryHost,
} from './settings.ts'
export { parseCount, parseSize } from './size-text.ts'
export { openSource, type Source } from './source.ts'
export type { ConvertLegOptions } from './stages/convert-leg.ts'
export { requireDiskSpace } from './stages/disk-space.ts'
export type { ImageDifference } from './stages/image-difference.ts'
export {
  type LegFailure,
  type LegResult,
  latestReports,
  legFailure,
  legResult,
  parseLegResult,
  type StageName,
  sourceReport,
  vmReport,
} from './stages/leg-result.ts'
export { type PublishLegOptions, publishLeg, publishOne } from './stages/publish-leg.ts'
export type { TestedCheck, TestedScenario, TestSubject } from './testing/run-scenario.ts'
export type { TestOptions } from './testing/test-recipes.ts'
export type { ImageFailure, UpDockerfileOptions, UpOptions, UpResult } from './up.ts'
export { type Difference, type DifferenceKind, differenceText } from './verify/differences.ts'
export { type Verification, type VerifyOptions, verifyFlist } from './verify/verify.ts'

/** Read when it is called: engine, recipes and bootstrap are most of what there is to load, and converting needs none. */
export const bringUp: typeof import('./up.ts').bringUp = async (options) => (await import('./up.ts')).bringUp(options)

/** Read when it is called, for the same reason. */
export const bringUpDockerfile: typeof import('./up.ts').bringUpDockerfile = async (options) =>
  (await import('./up.ts')).bringUpDockerfile(options)

/** Read when it is called, for the same reason. */
export const planImages: typeof import('./planning/plan-images.ts').planImages = async (options) =>
  (await import('./planning/plan-images.ts')).planImages(options)

/** Read when it is called, for the same reason. */
export const readStatus: typeof import('./releases/status.ts').readStatus = async (options) =>
  (await import('./releases/status.ts')).readStatus(options)

/** Read when it is called, for the same reason. */
export const resolveLock: typeof import('./lock.ts').resolveLock = async (recipes, options) =>
  (await import('./lock.ts')).resolveLock(recipes, options)

/** Read when it is called, for the same reason. */
export const bringUpVm: typeof import('./machine/bring-up-vm.ts').bringUpVm = async (options) =>
  (await import('./machine/bring-up-vm.ts')).bringUpVm(options)

/** Read when it is called, for the same reason. */
export const testRecipes: typeof import('./testing/test-recipes.ts').testRecipes = async (options) =>
  (await import('./testing/test-recipes.ts')).testRecipes(options)

/** Read when it is called, for the same reason. */
export const examine: typeof import('./contract/examine.ts').examine = async (name, options) =>
  (await import('./contract/examine.ts')).examine(name, options)

/** Read when it is called, for the same reason. */
export const startSource: typeof import('./contract/start.ts').startSource = async (name, options) =>
  (await import('./contract/start.ts')).startSource(name, options)

/** Read when it is called, for the same reason. */
export const convertLeg: typeof import('./stages/convert-leg.ts').convertLeg = async (options) =>
  (await import('./stages/convert-leg.ts')).convertLeg(options)

/** Read when it is called, for the same reason. */
export const removeImages: typeof import('./stages/removed-images.ts').removeImages = async (references, options) =>
  (await import('./stages/removed-images.ts')).removeImages(references, options)
