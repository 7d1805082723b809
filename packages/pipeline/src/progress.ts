/** The steps an image or a virtual machine goes through, in this order. */
export type Phase =
  | 'base'
  | 'load'
  | 'plan'
  | 'build'
  | 'push'
  | 'save'
  | 'test'
  | 'bootstrap'
  | 'lint'
  | 'measure'
  | 'disk'
  | 'convert'
  | 'check'
  | 'keep'
  | 'verify'
  | 'boot'
  | 'compare'
  | 'publish'
  | 'read back'
  | 'link'
  | 'tag'

export type ProgressEvent = {
  /** Name of the image the event is about. */
  readonly image: string
  readonly phase: Phase
  /** `start` and `done` once per phase; `line` is output worth keeping; `update` replaces the last update. */
  readonly state: 'start' | 'line' | 'update' | 'done'
  readonly text: string
}

/** Receives what happens while it happens. Never throws. */
export type Progress = (event: ProgressEvent) => void

/** Milliseconds each phase took; phases that were not needed are absent. */
export type Durations = Partial<Record<Phase, number>>

/** Runs the phases of one image: announces each, measures it, and hands its body a way to report lines and updates. */
export class PhaseRunner {
  readonly durations: Durations = {}
  readonly #image: string
  readonly #progress: Progress

  constructor(image: string, progress: Progress) {
    this.#image = image
    this.#progress = progress
  }

  async run<T>(
    phase: Phase,
    text: string,
    body: (report: PhaseReport) => Promise<T>,
    summary?: (result: T) => string,
  ): Promise<T> {
    const emit = (state: ProgressEvent['state'], eventText: string) =>
      this.#progress({ image: this.#image, phase, state, text: eventText })
    // The global `performance` would load a part of Node that nothing else here needs.
    const started = process.uptime()
    emit('start', text)
    const result = await body({ line: (line) => emit('line', line), update: (update) => emit('update', update) })
    const elapsed = (process.uptime() - started) * 1000
    this.durations[phase] = (this.durations[phase] ?? 0) + elapsed
    emit('done', summary?.(result) ?? text)
    return result
  }
}

export type PhaseReport = {
  readonly line: (text: string) => void
  readonly update: (text: string) => void
}
