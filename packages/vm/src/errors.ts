/** What went wrong, where callers branch on it. */
export type VmErrorCode =
  | 'invalid-options'
  | 'tool-missing'
  | 'bootstrap-failed'
  /** A file from the network that a machine is made with. */
  | 'download-failed'
  | 'cancelled'
  /** Compressed data that is damaged, cut off or too large. */
  | 'compressed-data'
  /** A file that is no kernel a Zmachine can start. */
  | 'kernel'
  /** A machine that could not be set up; one that was and did not start is a result. */
  | 'boot-failed'
  /** A file of a directory that this user may not read or change. */
  | 'no-access'
  /** A file that is no initial RAM disk. */
  | 'initrd'
  /** A tree or an image of which no disk can be made that starts. */
  | 'disk-image'

/** Why a bootstrap failed, where its last lines tell. */
export type BootstrapFailure =
  | 'signature'
  | 'keyring'
  | 'disk-full'
  | 'archive-changed'
  | 'archive-down'
  | 'release'
  | 'packages'
  | 'privilege'
  | 'step'

export type VmErrorDetails = {
  readonly cause?: unknown
  /** Debian package that has the missing tool. */
  readonly debianPackage?: string
  /** The last lines of the tool that failed, oldest first. */
  readonly output?: readonly string[]
  readonly failure?: BootstrapFailure | undefined
  /** Packages the archive does not have, as they were asked for. */
  readonly packages?: readonly string[]
  /** Where the command or the download that failed is asked for, as its step says. */
  readonly place?: string | undefined
}

/** The one error of this package: `<object>: <what is wrong>; <what to do>`. */
export class VmError extends Error {
  override readonly name = 'VmError'
  readonly code: VmErrorCode
  readonly debianPackage: string | undefined
  readonly output: readonly string[]
  readonly failure: BootstrapFailure | undefined
  readonly packages: readonly string[]
  readonly place: string | undefined

  constructor(code: VmErrorCode, message: string, details: VmErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.debianPackage = details.debianPackage
    this.output = details.output ?? []
    this.failure = details.failure
    this.packages = details.packages ?? []
    this.place = details.place
  }
}
