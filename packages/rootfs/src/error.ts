/** What went wrong, for callers that branch on it. */
export type RootfsErrorCode =
  /** The input is something else than a tar archive. */
  | 'not-tar'
  /** The input ends in the middle of something. */
  | 'truncated'
  /** A header, an extended header or a sparse map contradicts itself or its checksum. */
  | 'corrupt'
  /** A valid archive that uses something this package does not read. */
  | 'unsupported'
  /** A limit of {@link TarLimits} was reached. */
  | 'limit'
  /** A name that would leave the root. */
  | 'path'
  /** A whiteout that names nothing, or an entry below a whiteout. */
  | 'whiteout'
  /** A hard link whose target is missing or is a directory. */
  | 'hardlink'
  /** Two entries of one layer that cannot both be there. */
  | 'conflict'
  /** Compressed data that cannot be decompressed. */
  | 'compression'
  /** A directory of the host that cannot be read or that changed while it was read. */
  | 'directory'
  /** A layer index that is damaged, of another version, or of something else. */
  | 'index'

/** The one error class of this package. `entry` is a byte string, `offset` counts bytes of the uncompressed archive. */
export class RootfsError extends Error {
  override readonly name = 'RootfsError'
  readonly code: RootfsErrorCode
  readonly entry?: string
  readonly offset?: number

  constructor(
    code: RootfsErrorCode,
    message: string,
    details: { readonly entry?: string; readonly offset?: number; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    if (details.entry !== undefined) this.entry = details.entry
    if (details.offset !== undefined) this.offset = details.offset
  }
}

/** Where in an archive a problem was found. */
export type TarPosition = {
  /** What the archive is called in messages. */
  readonly archive: string
  /** Byte offset of the header. */
  readonly offset: number
  /** Name of the entry, as a byte string, once it is known. */
  readonly entry?: string
}

/** A {@link RootfsError} at a place of an archive. */
export function tarError(code: RootfsErrorCode, at: TarPosition, problem: string): RootfsError {
  const entry = at.entry === undefined ? '' : `entry ${quoteName(at.entry)} `
  const details = { offset: at.offset, ...(at.entry === undefined ? {} : { entry: at.entry }) }
  return new RootfsError(code, `${at.archive}, ${entry}at byte ${at.offset}: ${problem}`, details)
}

/** A byte string as people read it: UTF-8 decoded, quoted, control characters escaped, cut when very long. */
export function quoteName(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8')
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text)
}
