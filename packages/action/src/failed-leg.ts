import type { LegFailure } from '@tf-images/pipeline'

/** Images that failed, after all of the leg were worked on and everything was reported. */
export class FailedImages extends Error {
  override readonly name = 'FailedImages'
  readonly failures: readonly LegFailure[]

  constructor(failures: readonly LegFailure[]) {
    super(failures.map(({ image, error }) => `${image}: ${error}`).join('\n'))
    this.failures = failures
  }
}
