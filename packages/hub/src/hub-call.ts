import type { Readable } from 'node:stream'

/** A body to send, with the headers that belong to it. */
export type CallBody = { readonly headers: Readonly<Record<string, string>>; readonly stream: Readable }

/** One call to a hub. */
export type HubCall = {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  /** Path below the hub's URL, encoded, starting with a slash. */
  readonly path: string
  /** What the call is for, in errors: `link "a.flist"`. */
  readonly purpose: string
  /** Whether it acts for the owner of the token. The token goes with no other call. */
  readonly owned?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** Makes the body, once per attempt. */
  readonly body?: () => CallBody
  /** Bytes of the answer that are kept; a longer one is given without its text. Default 1 MiB. */
  readonly limit?: number
  readonly signal?: AbortSignal | undefined
  /** Overrides the policy's deadline, in milliseconds. */
  readonly deadline?: number
}

/** A successful answer whose body comes in piece by piece. Either the body is read, or it is discarded. */
export type HubStream = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: AsyncIterable<Uint8Array>
  discard(): void
}
