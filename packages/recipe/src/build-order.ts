import { dependencyOrder } from './dependency-order.ts'
import type { ImageDefinition } from './image.ts'
import { type Problem, RecipeError, type Report, reportInto, throwProblems } from './problem.ts'

/** The images in the order to build them: an image comes after the one it is built on, otherwise they go by name. */
export function buildOrder(recipes: { readonly images: ReadonlyMap<string, ImageDefinition> }): string[] {
  const problems: Problem[] = []
  const order = orderImages(recipes.images, reportInto(problems))
  throwProblems(problems)
  return order
}

/**
 * The images asked for (all when none is) with every image below them, in build order.
 *
 * @throws {RecipeError} `unknown-image` naming all that are not there
 */
export function withParents(
  recipes: { readonly images: ReadonlyMap<string, ImageDefinition> },
  images: readonly string[],
): string[] {
  const order = buildOrder(recipes)
  const unknown = images.filter((name) => !recipes.images.has(name)).map((name) => `"${name}"`)
  if (unknown.length > 0) {
    const text = `no image ${unknown.join(', ')} in the recipes; there are: ${order.join(', ')}`
    throw new RecipeError('unknown-image', text)
  }
  const wanted = new Set(images.length > 0 ? images : order)
  for (const name of [...order].reverse()) {
    const base = wanted.has(name) ? recipes.images.get(name)?.base : undefined
    if (base?.kind === 'image') wanted.add(base.name)
  }
  return order.filter((name) => wanted.has(name))
}

/** Like {@link buildOrder}; cycles go to the report, at the base of their first image. */
export function orderImages(images: ReadonlyMap<string, ImageDefinition>, report: Report): string[] {
  const parentOf = (name: string): string[] => {
    const base = images.get(name)?.base
    return base?.kind === 'image' ? [base.name] : []
  }
  return dependencyOrder([...images.keys()].sort(), parentOf, (cycle) => {
    const first = images.get(cycle[0] ?? '')
    if (first) report(first.base.location, `image "${first.name}" is built on itself: ${cycle.join(' → ')}`)
  })
}
