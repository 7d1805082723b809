import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LegWork, packLegs, wavesOf } from './plan-legs.ts'

const work = (...images: [name: string, cost: number, parent?: string][]): LegWork[] =>
  images.map(([name, cost, parent]) => ({ name, cost, ...(parent ? { parent } : {}) }))

test('few images have a leg each, parents in a wave before', () => {
  expect(packLegs(work(['base', 10], ['other', 30], ['web', 5, 'base']))).toEqual([
    { id: '0-00', wave: 0, images: ['other'], cost: 30 },
    { id: '0-01', wave: 0, images: ['base'], cost: 10 },
    { id: '1-00', wave: 1, images: ['web'], cost: 5 },
  ])
})

test('many share legs, by what they cost', () => {
  expect(packLegs(work(['a', 50], ['b', 20], ['c', 20], ['d', 15]), { legs: 2 })).toEqual([
    { id: '0-00', wave: 0, images: ['a'], cost: 50 },
    { id: '0-01', wave: 0, images: ['b', 'c', 'd'], cost: 55 },
  ])
})

test('what is deeper than there are waves follows its parent in the same leg', () => {
  const chain = work(['a', 1], ['b', 1, 'a'], ['c', 1, 'b'], ['d', 1, 'c'], ['e', 1])
  expect(packLegs(chain, { waves: 2 }).map(({ wave, images }) => [wave, ...images])).toEqual([
    [0, 'a'],
    [0, 'e'],
    [1, 'b', 'c', 'd'],
  ])
  expect(packLegs(chain, { waves: 1 }).map(({ images }) => images)).toEqual([['a', 'b', 'c', 'd'], ['e']])
})

test('nothing to do needs no legs', () => {
  expect(packLegs([])).toEqual([])
})

/** Forests: every image is built on nothing, or on one that comes before. */
const forest = fc
  .array(fc.record({ cost: fc.nat({ max: 500 }), below: fc.option(fc.nat()) }), { maxLength: 600 })
  .map((rows) =>
    rows.map(({ cost, below }, index): LegWork => {
      const parent = below === null || index === 0 ? undefined : `i${below % index}`
      return { name: `i${index}`, cost, ...(parent ? { parent } : {}) }
    }),
  )
const limits = fc.record({ legs: fc.integer({ min: 1, max: 300 }), waves: fc.integer({ min: 1, max: 300 }) })

describe('for all forests', () => {
  test('every image is in one leg, and none before its parent', () => {
    fc.assert(
      fc.property(forest, limits, (images, limits) => {
        const legs = packLegs(images, limits)
        const place = new Map(
          legs.flatMap(({ wave, images, id }) => images.map((name, at) => [name, { wave, id, at }] as const)),
        )
        expect(legs.flatMap(({ images }) => images)).toHaveLength(images.length)
        expect(place.size).toBe(images.length)
        for (const { name, parent } of images) {
          const [own, below] = [place.get(name), place.get(parent ?? name)]
          if (!own || !below || parent === undefined) continue
          expect(below.wave < own.wave || (below.id === own.id && below.at < own.at)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('there are no more legs and waves than are wanted, no leg is empty, and costs add up', () => {
    fc.assert(
      fc.property(forest, limits, (images, limits) => {
        const legs = packLegs(images, limits)
        expect(legs.length).toBeLessThanOrEqual(limits.legs)
        expect(Math.max(0, ...legs.map(({ wave }) => wave + 1))).toBeLessThanOrEqual(limits.waves)
        expect(legs.every(({ images }) => images.length > 0)).toBe(true)
        expect(new Set(legs.map(({ id }) => id)).size).toBe(legs.length)
        const costs = new Map(images.map(({ name, cost }) => [name, cost]))
        for (const leg of legs) {
          expect(leg.cost).toBe(leg.images.reduce((total, name) => total + (costs.get(name) ?? 0), 0))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('legs of a wave are balanced: the fullest has one image more than the mean at most', () => {
    fc.assert(
      fc.property(forest, fc.integer({ min: 1, max: 300 }), (images, legs) => {
        const waves = wavesOf(images)
        const depth = Math.max(0, ...[...waves.values()].map((wave) => wave + 1))
        fc.pre(depth <= legs)
        const packed = packLegs(images, { legs })
        for (let wave = 0; wave < depth; wave++) {
          const costs = packed.filter((leg) => leg.wave === wave).map(({ cost }) => cost)
          const largest = Math.max(...images.filter(({ name }) => waves.get(name) === wave).map(({ cost }) => cost))
          const mean = costs.reduce((total, cost) => total + cost, 0) / costs.length
          expect(Math.max(...costs)).toBeLessThanOrEqual(mean + largest)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('the order in which images are named changes nothing', () => {
    const costs = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), cost: fc.nat({ max: 9 }) }), {
      selector: ({ name }) => name,
      maxLength: 100,
    })
    fc.assert(
      fc.property(costs, (images) => {
        expect(packLegs(images.toReversed(), { legs: 7 })).toEqual(packLegs(images, { legs: 7 }))
      }),
    )
  })
})
