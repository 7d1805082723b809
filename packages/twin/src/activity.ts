/** Told about everything that failed inside the twin: what was asked for, and why it failed. */
export type OnFault = (call: string, error: unknown) => void

/** Work under way, so that a twin that closes can wait for what it can not cut short. */
export class Activity {
  readonly #running = new Set<Promise<unknown>>()

  /** Counts a piece of work until it ends. The work deals with its own errors. */
  track(work: Promise<unknown>): void {
    this.#running.add(work)
    const done = () => this.#running.delete(work)
    work.then(done, done)
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}
