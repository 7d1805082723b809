import type { EngineMessage } from './engine-messages.ts'

/** Something that happened while layers were pushed or pulled. `text` is a line for people. */
export type TransferEvent =
  /** A layer reached its end: pushed, pulled, or already there. */
  | { readonly kind: 'layer'; readonly text: string; readonly id: string }
  /** Bytes over all layers known so far; at most one event per tenth of them. */
  | { readonly kind: 'bytes'; readonly text: string; readonly current: number; readonly total: number }
  /** Anything else the engine said. */
  | { readonly kind: 'status'; readonly text: string }

type Layer = { current: number; total: number; done: boolean }

const finished = /^(pushed|layer already exists|mounted from .*|pull complete|already exists)$/i
const moving = /^(pushing|downloading)$/i
const maximalLayers = 10_000

/**
 * Condenses the engine's progress, which has a message for every few hundred kilobytes of every layer, into a few readable events.
 *
 * @returns a function to feed messages to, which returns the event to show, if there is one
 */
export function createTransferProgress(): (message: EngineMessage) => TransferEvent | undefined {
  const layers = new Map<string, Layer>()
  let shownTenths = 0
  return ({ status, id, current, total }) => {
    if (status === undefined) return undefined
    if (id === undefined) return { kind: 'status', text: status }
    const layer = layers.get(id) ?? { current: 0, total: 0, done: false }
    if (layers.size < maximalLayers) layers.set(id, layer)
    if (finished.test(status)) {
      Object.assign(layer, { done: true, current: layer.total })
      return { kind: 'layer', text: `${id}: ${status}`, id }
    }
    if (!moving.test(status) || current === undefined || total === undefined || total <= 0) return undefined
    // What is sent is a compressed stream of about the layer's size: the engine counts a little past its own total.
    Object.assign(layer, { current: Math.min(current, total), total })
    const sum = addUp(layers)
    const tenths = Math.floor((10 * sum.current) / sum.total)
    if (tenths <= shownTenths) return undefined
    shownTenths = tenths
    return { kind: 'bytes', text: describe(status, sum), current: sum.current, total: sum.total }
  }
}

type Sum = { readonly current: number; readonly total: number; readonly done: number; readonly layers: number }

function addUp(layers: ReadonlyMap<string, Layer>): Sum {
  let [current, total, done] = [0, 0, 0]
  for (const layer of layers.values()) {
    current += layer.current
    total += layer.total
    if (layer.done) done += 1
  }
  return { current, total, done, layers: layers.size }
}

function describe(status: string, { current, total, done, layers }: Sum): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  return `${status} ${megabytes(current)} of ${megabytes(total)} MB, ${done} of ${layers} layers done`
}
