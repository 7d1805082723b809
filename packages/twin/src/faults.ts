/** Which of a twin's three servers. */
export type TwinServer = 'hub' | 'gateway' | 'backend'

/**
 * What goes wrong. `drop-request`: the connection is cut when `after` bytes of the request (of a hub call: of its body) have
 * come, and nothing happens. `drop-response`: everything happens, and the connection is cut after that many bytes of the
 * answer; 0 is a lost answer. `error`: the call is answered with an error instead, or with `effect` although it was carried
 * out. `forget`: success, and nothing stored. `wrong-md5`: every md5 in the answer is another one. `full`: nothing can
 * be written, chunks or flists. `backend-down`, `backend-full`: the hub does not reach its chunks, or can store none. `slow-disk` and `slow-replace` take
 * `ms` milliseconds for each thing written, or between the steps of a replacement that readers then see. `half-applied`: a
 * crash after the old thing was removed, or after half of the new one was written. `clock-skew`: every time in the answer
 * is as much later as the hub's clock is fast.
 */
export type FaultEffect =
  | { readonly kind: 'drop-request' | 'drop-response'; readonly after: number }
  | { readonly kind: 'error'; readonly body: 'html' | 'json'; readonly effect?: boolean; readonly retryAfter?: number }
  | { readonly kind: 'forget' | 'wrong-md5' | 'full' | 'backend-down' | 'backend-full' }
  | { readonly kind: 'slow-disk' | 'slow-replace'; readonly ms: number }
  | { readonly kind: 'half-applied'; readonly stage: ChangeStage }
  | { readonly kind: 'clock-skew'; readonly seconds: number }

/** How far a replacement has come: the old file or link is gone (or emptied), or half of the new bytes are there. */
export type ChangeStage = 'removed' | 'half-written'

/**
 * A fault and where it strikes. `call` is one of the names in {@link hubCalls}, {@link gatewayCommands} or
 * {@link backendCommands}, `*` for any, or `connection`: drops are then counted in bytes of the whole connection.
 */
export type Fault = FaultEffect & {
  readonly server: TwinServer
  readonly call: string
  /** Which of these calls, from 1; every one unless given. */
  readonly nth?: number
}

/** One call that a twin got. `text` is for people: never a token, a key or a value. */
export type LoggedCall = {
  readonly server: TwinServer
  readonly call: string
  /** How many calls of this name there were, this one included. */
  readonly nth: number
  readonly text: string
}

/** One-way delays in milliseconds: of what a server is sent, and of what it sends. */
export type Latency = { readonly request: number; readonly response: number }

/** What a server asks when something reaches it: what goes wrong with it. */
export type FaultLookup = (call: string, text: string) => readonly FaultEffect[]

/**
 * The switches with which a test makes a twin misbehave, and the record of what the twin was asked. They may be turned at
 * any time, and outlive a twin that is stopped and started again with them. Only for tests: the record grows without end.
 */
export class Faults {
  readonly #faults: Fault[] = []
  readonly #log: LoggedCall[] = []
  readonly #counts = new Map<string, number>()
  #latency: Partial<Record<TwinServer, Latency>> = {}

  /** What was asked, in the order in which it arrived; connections left out. */
  get log(): readonly LoggedCall[] {
    return this.#log.filter(({ call }) => call !== 'connection')
  }

  add(...faults: readonly Fault[]): void {
    this.#faults.push(...faults)
  }

  /** From here on nothing goes wrong or takes longer, counting starts at 1 and the record is empty. */
  reset(): void {
    this.#faults.length = 0
    this.#log.length = 0
    this.#counts.clear()
    this.#latency = {}
  }

  /**
   * Delays every byte without slowing the stream: requests that are sent without waiting for answers arrive together. A
   * connection's first bytes come a full round trip later, which is what its handshake would have taken.
   */
  setLatency(latency: Latency, servers: readonly TwinServer[] = ['hub', 'gateway', 'backend']): void {
    this.#latency = { ...this.#latency, ...Object.fromEntries(servers.map((server) => [server, latency])) }
  }

  latencyOf(server: TwinServer): Latency {
    return this.#latency[server] ?? { request: 0, response: 0 }
  }

  /** Records a call and gives what is wrong with it. For the twin. */
  enter(server: TwinServer, call: string, text: string): readonly FaultEffect[] {
    const nth = this.#count(`${server} ${call}`)
    const anyNth = call === 'connection' ? 0 : this.#count(`${server} *`)
    this.#log.push({ server, call, nth, text })
    return this.#faults.filter((fault) => {
      if (fault.server !== server) return false
      if (fault.call === '*') return anyNth > 0 && (fault.nth ?? anyNth) === anyNth
      return fault.call === call && (fault.nth ?? nth) === nth
    })
  }

  #count(what: string): number {
    const count = (this.#counts.get(what) ?? 0) + 1
    this.#counts.set(what, count)
    return count
  }
}

/** The first effect of one kind. */
export function effectOf<K extends FaultEffect['kind']>(
  effects: readonly FaultEffect[],
  kind: K,
): (FaultEffect & { readonly kind: K }) | undefined {
  return effects.find((effect): effect is FaultEffect & { readonly kind: K } => effect.kind === kind)
}

/** Thrown where a fault cuts a connection in the middle of a call. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut'
}
