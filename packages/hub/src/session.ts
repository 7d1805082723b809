import type { HubTransport } from './transport.ts'

/** What every call takes. */
export type CallOptions = {
  /** Ends the call; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined
}

/** What the calls of a client share. */
export type HubSession = {
  readonly transport: HubTransport
  /** Milliseconds for calls that move many bytes or let the hub work for long, with all their attempts. */
  readonly longDeadline: number
  /** The repository that the token writes to, verified. Every write asks for it first. */
  account(options: CallOptions): Promise<string>
}
