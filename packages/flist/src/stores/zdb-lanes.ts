import { setTimeout as sleep } from 'node:timers/promises'
import type { FlistError } from '../errors.ts'
import type { Reply } from './resp.ts'
import type { Outcome, ZdbConnection } from './zdb-connection.ts'

/** When to give up on a server. The counts begin anew with every answer it gives. */
export type Patience = {
  /** How often in a row a connection may fail; default 10. */
  readonly attempts?: number
  /** The pause after the first failure, in milliseconds; it doubles up to 5 s, and is shortened at random. Default 100. */
  readonly firstPauseMs?: number
  /** Milliseconds without any answer, pauses included; default 120,000. */
  readonly deadlineMs?: number
}

/** A connection that the server let in, or why it did not. */
export type Admission = { readonly connection: ZdbConnection } | { readonly refused: FlistError }

/** How lanes reach their server. */
export type LaneOptions = {
  /** Opens a connection and sends what lets it in. Rejects when there is none, or it breaks. */
  readonly connect: () => Promise<Admission>
  /** Connections at most. Further ones are opened when those there are have enough to do. */
  readonly connections: number
  readonly patience: Patience
  readonly signal: AbortSignal | undefined
}

type Lane = {
  admission: Promise<Admission> | undefined
  /** Bytes that wait for an answer. */
  load: number
  /** What is added to the load when lanes are compared: opening one has its price, one that broke has more. */
  price: number
  /** In a row, without an answer from any lane. */
  failures: number
}

const OPENING_PRICE = 1 << 20
const BROKEN_PRICE = 4 << 20
/** What a request without much in it counts. */
const REQUEST_LOAD = 16 << 10
const LONGEST_PAUSE_MS = 5000
/** At the start a server that is not there is not waited for: most likely the address is wrong. */
const ABSENT = ['ECONNREFUSED', 'ENOTFOUND']

/**
 * Several connections to one server, used as one that does not break: what had no answer when its connection broke is sent
 * again on another. Only for requests that may be repeated. After it gave up every request fails.
 */
export class ZdbLanes {
  readonly #connect: () => Promise<Admission>
  readonly #patience: Required<Patience>
  readonly #signal: AbortSignal | undefined
  readonly #lanes: readonly Lane[]
  readonly #ending = new AbortController()
  readonly #onAbort = () => this.close(this.#signal?.reason)
  /** When the server ceased to answer. */
  #failingSince: number | undefined
  /** Why nothing is sent any more. */
  #over: { readonly reason: unknown } | undefined

  constructor({ connect, connections, patience, signal }: LaneOptions) {
    this.#connect = connect
    this.#patience = { attempts: 10, firstPauseMs: 100, deadlineMs: 120_000, ...patience }
    this.#signal = signal
    this.#lanes = Array.from({ length: connections }, () => {
      return { admission: undefined, load: 0, price: OPENING_PRICE, failures: 0 }
    })
    signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * Opens the first connection.
   *
   * @throws as {@link request}; at once when nothing is at the address
   */
  async open(): Promise<void> {
    const [lane] = this.#lanes
    for (let admission = lane && this.#openLane(lane); admission; admission = lane?.admission) {
      try {
        const admitted = await admission
        if ('refused' in admitted) this.close(admitted.refused)
        break
      } catch (error) {
        if (isAbsent(error)) this.close(error)
        else if (lane) this.#replace(lane, admission, error)
      }
      if (this.#over) break
    }
    if (this.#over) throw this.#over.reason
  }

  /** @throws FlistError as the server refused it, or why it can not be reached; the reason of the signal */
  async request(command: readonly (string | Buffer)[]): Promise<Reply> {
    const load = command.reduce((sum, part) => sum + part.length, REQUEST_LOAD)
    for (let refusals = 0; ; ) {
      if (this.#over) throw this.#over.reason
      const lane = this.#lanes.reduce((best, other) => (costOf(other) < costOf(best) ? other : best))
      lane.load += load
      const outcome = await this.#sendOn(lane, command)
      lane.load -= load
      if ('reply' in outcome) return outcome.reply
      if ('broken' in outcome) continue
      if (!outcome.refused.isPassing || ++refusals >= this.#patience.attempts) throw outcome.refused.error
      await this.#pauseAfter(refusals)
    }
  }

  /** Ends all of it; what is under way and all that follows fails for this reason. */
  close(reason: unknown): void {
    this.#over ??= { reason }
    this.#ending.abort()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    for (const { admission } of this.#lanes) admission?.then(closeAdmitted, () => {})
  }

  async #sendOn(lane: Lane, command: readonly (string | Buffer)[]): Promise<Outcome> {
    const admission = lane.admission ?? this.#openLane(lane)
    try {
      const admitted = await admission
      if ('refused' in admitted) {
        this.close(admitted.refused)
        return { broken: admitted.refused }
      }
      const outcome = await admitted.connection.request(command)
      if ('broken' in outcome) this.#replace(lane, admission, outcome.broken)
      else this.#takeAnswer(lane)
      return outcome
    } catch (error) {
      this.#replace(lane, admission, error)
      return { broken: error }
    }
  }

  #openLane(lane: Lane, pause: Promise<void> = Promise.resolve()): Promise<Admission> {
    const admission = pause.then(this.#connect)
    lane.admission = admission
    // One that is let in when all is over is closed; one that is not is told by whoever waits for it.
    admission.then(
      (admitted) => this.#over && closeAdmitted(admitted),
      () => {},
    )
    return admission
  }

  #takeAnswer(lane: Lane): void {
    lane.price = 0
    if (this.#failingSince === undefined) return
    this.#failingSince = undefined
    for (const other of this.#lanes) other.failures = 0
  }

  /** Opens the next connection of a lane after a pause; of all who learn that the last one is gone, the first does. */
  #replace(lane: Lane, gone: Promise<Admission>, reason: unknown): void {
    if (this.#over || lane.admission !== gone) return
    const { attempts, deadlineMs } = this.#patience
    const now = performance.now()
    this.#failingSince ??= now
    lane.failures++
    lane.price = BROKEN_PRICE
    if (lane.failures >= attempts || now - this.#failingSince >= deadlineMs) this.close(reason)
    else this.#openLane(lane, this.#pauseAfter(lane.failures))
  }

  async #pauseAfter(failures: number): Promise<void> {
    const full = Math.min(this.#patience.firstPauseMs * 2 ** (failures - 1), LONGEST_PAUSE_MS)
    await sleep(full / 2 + (Math.random() * full) / 2, undefined, { signal: this.#ending.signal }).catch(() => {})
    if (this.#over) throw this.#over.reason
  }
}

function costOf({ load, price }: Lane): number {
  return load + price
}

function closeAdmitted(admitted: Admission): void {
  if ('connection' in admitted) admitted.connection.close()
}

function isAbsent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && ABSENT.includes(String(cause.code))
}
