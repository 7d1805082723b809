/** How many bytes may be on their way before the sender is told to wait: enough for a fast line with a long delay. */
const LONGEST_QUEUE = 16 * 1024 * 1024

/** What comes out of a line: bytes, or that no more will come. */
type Item = { readonly due: number; readonly bytes: Buffer; readonly act: (() => void) | undefined }

/**
 * One direction of a connection. What goes in comes out in the same order, `delay()` milliseconds later; the stream is not
 * slowed, only late.
 */
export class DelayLine {
  readonly #deliver: (bytes: Buffer) => void
  readonly #queue: Item[] = []
  #queued = 0
  #last = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deliver: (bytes: Buffer) => void) {
    this.#deliver = deliver
  }

  /** Whether the sender should wait until something has come out. */
  get full(): boolean {
    return this.#queued > LONGEST_QUEUE
  }

  push(bytes: Buffer, delay: number): void {
    this.#add({ due: this.#dueIn(delay), bytes, act: undefined })
  }

  /** Does something when everything pushed before has come out. */
  afterwards(act: () => void, delay: number): void {
    this.#add({ due: this.#dueIn(delay), bytes: Buffer.alloc(0), act })
  }

  /** Nothing comes out any more, and nothing goes in. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#queue.length = 0
  }

  /** A delay that was made shorter does not let later bytes overtake. */
  #dueIn(delay: number): number {
    this.#last = Math.max(this.#last, performance.now() + delay)
    return this.#last
  }

  #add(item: Item): void {
    if (this.#stopped) return
    this.#queue.push(item)
    this.#queued += item.bytes.length
    if (this.#queue.length === 1) this.#wait(item)
  }

  #wait({ due }: Item): void {
    const left = due - performance.now()
    if (left <= 0) this.#flush()
    else this.#timer = setTimeout(() => this.#flush(), left)
  }

  #flush(): void {
    for (let item = this.#queue[0]; item; item = this.#queue[0]) {
      // Timers fire up to a millisecond early.
      if (item.due > performance.now() + 1) {
        this.#wait(item)
        return
      }
      this.#queue.shift()
      this.#queued -= item.bytes.length
      if (item.act) item.act()
      else this.#deliver(item.bytes)
    }
  }
}
