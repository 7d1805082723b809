import type { DockerfileStep } from './dockerfile-steps.ts'
import type { EngineMessage } from './engine-messages.ts'
import { createLineSplitter } from './output-lines.ts'
import type { Redact } from './redaction.ts'
import { createTransferProgress } from './transfer-progress.ts'

/** A step of a build, as the classic builder counts them. */
export type BuildStep = {
  readonly number: number
  readonly total: number
  /** The instruction on one line. */
  readonly instruction: string
  /** 1-based line of the Dockerfile; undefined for steps the engine adds itself (labels of the request). */
  readonly line: number | undefined
}

/** Something that happened during a build. `text` is a line for people. */
export type BuildEvent =
  | ({ readonly kind: 'step'; readonly text: string } & BuildStep)
  /** The step before was not run: its layer was there already. */
  | { readonly kind: 'cached'; readonly text: string }
  /** A line that a step printed, on stdout or stderr. */
  | { readonly kind: 'output'; readonly text: string }
  /** A base image is being pulled. */
  | { readonly kind: 'pulling'; readonly text: string }

/** What is known of a build when its messages have been read. */
export type BuildState = {
  readonly step: BuildStep | undefined
  /** The last lines of the current step, oldest first. */
  readonly tail: readonly string[]
  /** Image of the last stage that ended. */
  readonly imageId: string | undefined
  /** That stage was the last one. */
  readonly succeeded: boolean
}

export type BuildProgress = {
  readonly accept: (message: EngineMessage) => void
  readonly end: () => BuildState
}

const stepMessage = /^Step (\d+)\/(\d+) : ([^\n]*)$/
const runningMessage = /^ ---> Running in ([0-9a-f]+)\n$/
const removedMessage = /^(?:Removing| ---> Removed) intermediate container ([0-9a-f]+)\n$/
const layerMessage = /^ ---> ([0-9a-f]+)\n$/
const builderNoise = /^ ---> ?\n$|^\n$|^Successfully (?:built|tagged) .*\n$/
const tailLength = 20

/**
 * Makes typed events of the classic builder's messages.
 *
 * The builder writes its own remarks and the output of the steps into the same stream. Its remarks come each as one whole message, so
 * that what a step prints is not taken for one unless it comes out of order.
 */
export function createBuildProgress(
  steps: readonly DockerfileStep[],
  redact: Redact,
  emit: (event: BuildEvent) => void,
  onLayer: (imageId: string) => void = () => {},
): BuildProgress {
  let step: BuildStep | undefined
  let container: string | undefined
  let isCached = false
  let imageId: string | undefined
  let succeeded = false
  let tail: string[] = []
  const transfer = createTransferProgress()
  const lines = createLineSplitter((line) => {
    const text = redact(line)
    tail = [...tail, text].slice(-tailLength)
    emit({ kind: 'output', text })
  })

  const startStep = (next: BuildStep) => {
    lines.end()
    step = { ...next, instruction: redact(next.instruction) }
    container = undefined
    isCached = false
    tail = []
    const { number, total, instruction } = step
    emit({ kind: 'step', text: `step ${number}/${total}: ${instruction}`, ...step })
  }

  const acceptStream = (text: string) => {
    const next = readStep(text, step, steps)
    if (next) return startStep(next)
    const removed = removedMessage.exec(text)?.[1]
    if (container !== undefined && removed !== container) return lines.write(text)
    lines.end()
    container = runningMessage.exec(text)?.[1]
    if (container !== undefined || removed !== undefined || builderNoise.test(text)) return
    const layer = layerMessage.exec(text)?.[1]
    if (layer !== undefined) return isCached || /^from\b/i.test(step?.instruction ?? '') ? undefined : onLayer(layer)
    if (text !== ' ---> Using cache\n') return lines.write(text)
    isCached = true
    emit({ kind: 'cached', text: 'from the cache' })
  }

  const endStage = (stageImage: string) => {
    lines.end()
    container = undefined
    imageId = stageImage
    succeeded = step !== undefined && step.number === step.total
  }

  return {
    accept(message) {
      if (typeof message.aux?.ID === 'string') endStage(message.aux.ID)
      if (message.stream !== undefined) acceptStream(message.stream)
      const event = transfer(message)
      if (event) emit({ kind: 'pulling', text: redact(event.text) })
    },
    end() {
      lines.end()
      return { step, tail, imageId, succeeded }
    },
  }
}

function readStep(
  text: string,
  previous: BuildStep | undefined,
  steps: readonly DockerfileStep[],
): BuildStep | undefined {
  const [, first, second, instruction] = stepMessage.exec(text) ?? []
  if (instruction === undefined) return undefined
  const [number, total] = [Number(first), Number(second)]
  if (number !== (previous?.number ?? 0) + 1 || (previous && total !== previous.total)) return undefined
  const written = steps[number - 1]
  const keyword = /^\S+/.exec(instruction)?.[0].toUpperCase()
  return { number, total, instruction, line: written?.keyword === keyword ? written?.line : undefined }
}
