export { type BootstrapResult, bootstrapDebian } from './bootstrap.ts'
export type { BootstrapOptions, DebianVariant } from './bootstrap-options.ts'
export { VmError, type VmErrorCode } from './errors.ts'
