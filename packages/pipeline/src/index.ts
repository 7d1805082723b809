export {
  type BootCheck,
  type BootMode,
  type BootReport,
  type ConsoleLine,
  commandWords,
  junitReport,
  type SshAccess,
  sshArguments,
} from '@tf-images/vm'
export { type Examination, type ExamineOptions, examine, formatExamination } from './contract/examine.ts'
export { type StartOptions, startSource } from './contract/start.ts'
export { type Conversion, type ConvertOptions, convertSource } from './convert.ts'
export { errorText } from './error-text.ts'
export { PipelineError, type PipelineErrorCode } from './errors.ts'
export { type FidelityClass, type FidelitySeverity, parseFidelityClasses } from './fidelity/classes.ts'
export type { ConfigMapping } from './fidelity/config-fidelity.ts'
export { type Fidelity, formatFidelity } from './fidelity/fidelity.ts'
export type { FidelityExample, FidelityFinding } from './fidelity/findings.ts'
export type { LayerCount } from './image-layers.ts'
export type { Backend } from './image-metadata.ts'
export { type LayerCache, openLayerCache } from './layer-cache.ts'
export type { ConvertLimits } from './limits.ts'
export { bringUpVm, type VmOptions, type VmResult } from './machine/bring-up-vm.ts'
export type { Decision } from './plan.ts'
export { type Durations, type Phase, PhaseRunner, type Progress, type ProgressEvent } from './progress.ts'
export { type Publication, publishFlist } from './publish.ts'
export { type OpenedFlist, openFlistAt } from './read.ts'
export { formatBytes, formatLayers, formatReport, formatSeconds, type ImageReport } from './report.ts'
export {
  type CredentialLookup,
  type Credentials,
  type HubSettings,
  parseBackend,
  parseRegistryHost,
} from './settings.ts'
export { openSource, type Source } from './source.ts'
export { bringUp, type ImageFailure, type UpOptions, type UpResult, withParents } from './up.ts'
export { type Difference, type DifferenceKind, differenceText } from './verify/differences.ts'
export { type Verification, type VerifyOptions, verifyFlist } from './verify/verify.ts'
