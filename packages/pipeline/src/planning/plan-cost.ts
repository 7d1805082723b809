import type { RenderedImage } from '@tf-images/recipe'
import type { PlanAction } from './plan.ts'

/** Bytes of layers that are built, pushed and read again in a second. */
const BYTES_PER_SECOND = 10_000_000

/**
 * How long an image takes, in seconds, as far as one can tell before: what it adds, and how large it was the last time. Legs
 * are packed by it; nothing else depends on it.
 */
export function expectedCost(action: PlanAction, image: RenderedImage, previousBytes = 0): number {
  const transfer = previousBytes / BYTES_PER_SECOND
  const costs: Readonly<Record<PlanAction, number>> = {
    nothing: 0,
    blocked: 0,
    relink: 5,
    publish: 10,
    convert: 20 + transfer,
    build: 40 + 15 * image.snippets.size + 10 * image.downloads.length + 2 * transfer,
  }
  return Math.round(costs[action])
}
