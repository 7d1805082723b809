import type { Recipes } from './recipes.ts'
import { type RenderedImage, renderImage } from './render.ts'

/**
 * Why the archives of distributions are not enough to build an image, looking at all it is built on, too: a base that no
 * archive makes, or hosts that downloads or commands load from. Undefined where they are enough.
 */
export function buildObstacle(recipes: Recipes, image: RenderedImage): string | undefined {
  const hosts = new Set<string>()
  for (const { base, downloads, snippets } of withBelow(recipes, image)) {
    if (base.kind === 'base' && !base.bootstrap) return `\`${base.name}\` comes from a registry`
    for (const { url } of downloads) hosts.add(new URL(url).host)
    for (const name of snippets.keys()) {
      for (const host of recipes.snippets.get(name)?.network ?? []) hosts.add(host)
    }
  }
  return hosts.size > 0 ? `loads from ${[...hosts].sort().join(', ')}` : undefined
}

/** An image, and those it is built on. */
function withBelow(recipes: Recipes, image: RenderedImage): RenderedImage[] {
  const { base } = image
  return base.kind === 'image' ? [image, ...withBelow(recipes, renderImage(recipes, base.name))] : [image]
}
