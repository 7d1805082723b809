/** Which hub, and as whom. */
export type HubClientOptions = {
  /** `https://hub.grid.tf`, with or without a path and a slash at the end. */
  readonly url: string
  /** Needed for `account` and all that writes. */
  readonly token?: string
  /**
   * The repository to write to, when the token's own user may write to another one. The hub silently writes to the token's
   * own repository when it may not; here it is an error before the first write.
   */
  readonly user?: string
  /** Attempts per call, the first included; default 5. */
  readonly attempts?: number
  /** Milliseconds before the second attempt, growing from there; default 300. */
  readonly firstPause?: number
  /** Milliseconds for a call with all its attempts; default 60,000. */
  readonly deadline?: number
  /** The same for uploads, downloads, merges and conversions; default 30 minutes. */
  readonly uploadDeadline?: number
  /** Called with every HTTP request, those made again too. */
  readonly onRequest?: () => void
}
