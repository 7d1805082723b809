import { dependencyOrder } from './dependency-order.ts'
import type { ImageDefinition } from './image.ts'
import { type Problem, type Report, reportInto, throwProblems } from './problem.ts'

/** The images in the order to build them: an image comes after the one it is built on, otherwise they go by name. */
export function buildOrder(recipes: { readonly images: ReadonlyMap<string, ImageDefinition> }): string[] {
  const problems: Problem[] = []
  const order = orderImages(recipes.images, reportInto(problems))
  throwProblems(problems)
  return order
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
