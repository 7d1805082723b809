import type { Fidelity } from './fidelity/fidelity.ts'

export type PipelineErrorCode =
  | 'bad-settings'
  | 'bad-source'
  | 'digest-mismatch'
  | 'cache-failed'
  | 'limit'
  | 'flist-damaged'
  | 'not-published'
  | 'name-taken'
  | 'not-faithful'
  /** A definition that asks for what is not there. */
  | 'bad-definition'
  /** A machine that zos would not start, or that did not start here. */
  | 'not-bootable'

/** A step of the pipeline that can not go on for a reason of its own; errors of the packages below pass through as they are. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code: PipelineErrorCode

  /** With 'not-faithful': what was found. */
  readonly fidelity?: Fidelity

  constructor(code: PipelineErrorCode, message: string, options: ErrorOptions & { readonly fidelity?: Fidelity } = {}) {
    const { fidelity, ...rest } = options
    super(message, rest)
    this.code = code
    if (fidelity) this.fidelity = fidelity
  }
}
