import type { PlanLeg } from './plan.ts'

/** Work to pack: parents are in front of what is built on them. */
export type LegWork = {
  readonly name: string
  readonly cost: number
  /** What has to be done before; absent where that is nothing of this work. */
  readonly parent?: string
}

export type LegLimits = {
  /** How many legs there are at most; 256, which is what GitHub runs of one matrix, when not given. */
  readonly legs?: number
  /** How many waves at most: a workflow has a fixed number of jobs in a row. As many as legs when not given. */
  readonly waves?: number
}

/** What stays together: an image, and below the last wave its descendants, in their order. */
type Unit = { readonly wave: number; readonly images: readonly string[]; readonly cost: number }

/**
 * Packs work into legs. A leg begins when all legs of the waves before have ended, and does its images one after the other:
 * none comes before its parent. Where there are more images than legs, each wave gets legs by its share of the cost, and the
 * costly ones are put first, each to the leg that has least. Equal work gives equal legs.
 *
 * Longest processing time first (Graham 1969): no leg of a wave costs more than the mean of the wave and one image.
 */
export function packLegs(work: readonly LegWork[], limits: LegLimits = {}): PlanLeg[] {
  const mostLegs = limits.legs ?? 256
  const mostWaves = Math.min(limits.waves ?? mostLegs, mostLegs)
  const waves = byWave(unitsOf(work, mostWaves))
  const counts = shareLegs(waves, mostLegs)
  return waves.flatMap((units, wave) => packWave(units, wave, counts[wave] ?? 1))
}

/** The wave of each image: after that of its parent, where that is work too. */
export function wavesOf(work: readonly LegWork[]): ReadonlyMap<string, number> {
  const waves = new Map<string, number>()
  for (const { name, parent } of work) waves.set(name, parent === undefined ? 0 : (waves.get(parent) ?? -1) + 1)
  return waves
}

function unitsOf(work: readonly LegWork[], mostWaves: number): Unit[] {
  const waves = wavesOf(work)
  const units = new Map<string, Unit>()
  const leaders = new Map<string, string>()
  for (const { name, cost, parent } of work) {
    const wave = waves.get(name) ?? 0
    const leader = wave < mostWaves ? name : (leaders.get(parent ?? '') ?? name)
    leaders.set(name, leader)
    const unit = units.get(leader)
    if (unit) units.set(leader, { ...unit, images: [...unit.images, name], cost: unit.cost + cost })
    else units.set(leader, { wave, images: [name], cost })
  }
  return [...units.values()]
}

function byWave(units: readonly Unit[]): Unit[][] {
  const waves: Unit[][] = []
  for (const unit of units) {
    waves[unit.wave] ??= []
    waves[unit.wave]?.push(unit)
  }
  return waves
}

/** One leg for each unit where that fits; else every wave has one, and the rest go where the cost of a leg is highest. */
function shareLegs(waves: readonly (readonly Unit[])[], mostLegs: number): number[] {
  const sizes = waves.map((units) => units.length)
  if (sum(sizes) <= mostLegs) return sizes
  const costs = waves.map((units) => sum(units.map(({ cost }) => cost)))
  const counts = waves.map(() => 1)
  for (let left = mostLegs - counts.length; left > 0; left--) {
    const shares = counts.map((count, wave) => (count < (sizes[wave] ?? 0) ? (costs[wave] ?? 0) / count : -1))
    const wave = shares.indexOf(Math.max(...shares))
    counts[wave] = (counts[wave] ?? 0) + 1
  }
  return counts
}

function packWave(units: readonly Unit[], wave: number, count: number): PlanLeg[] {
  const legs = Array.from({ length: count }, () => ({ units: [] as Unit[], cost: 0 }))
  const costly = units.toSorted((a, b) => b.cost - a.cost || (firstOf(a) < firstOf(b) ? -1 : 1))
  for (const unit of costly) {
    const leg = legs.reduce((least, other) => (other.cost < least.cost ? other : least))
    leg.units.push(unit)
    leg.cost += unit.cost
  }
  const width = Math.max(2, String(count - 1).length)
  return legs
    .filter((leg) => leg.units.length > 0)
    .map(({ units, cost }, index) => {
      const id = `${wave}-${String(index).padStart(width, '0')}`
      return { id, wave, images: units.flatMap(({ images }) => images), cost }
    })
}

function firstOf({ images }: Unit): string {
  return images[0] ?? ''
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
