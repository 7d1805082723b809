import type { Location } from '@tf-images/recipe'
import type { Fidelity } from './fidelity/fidelity.ts'

export type PipelineErrorCode =
  | 'bad-settings'
  | 'bad-source'
  | 'digest-mismatch'
  | 'cache-failed'
  | 'limit'
  | 'flist-damaged'
  | 'not-published'
  | 'name-refused'
  | 'name-taken'
  | 'not-faithful'
  /** A definition that asks for what is not there. */
  | 'bad-definition'
  /** A machine that zos would not start, or that did not start here. */
  | 'not-bootable'
  /** A disk image that nobody asked for. */
  | 'image-raw'
  | 'build-failed'
  | 'not-locked'
  /** Found before the work, not in it. */
  | 'disk-full'
  | 'download-failed'
  /** Another run is at it. */
  | 'busy'
  /** Of several places at once some could not be asked. */
  | 'not-reached'

type PipelineErrorOptions = ErrorOptions & { readonly fidelity?: Fidelity; readonly place?: Location }

/** A step of the pipeline that can not go on for a reason of its own; errors of the packages below pass through as they are. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code: PipelineErrorCode

  /** With 'not-faithful': what was found. */
  readonly fidelity?: Fidelity

  /** With 'build-failed' and 'bad-definition': the place in the recipes that what failed comes from, the first of several. */
  readonly place?: Location

  constructor(code: PipelineErrorCode, message: string, options: PipelineErrorOptions = {}) {
    const { fidelity, place, ...rest } = options
    super(message, rest)
    this.code = code
    if (fidelity) this.fidelity = fidelity
    if (place) this.place = place
  }
}
