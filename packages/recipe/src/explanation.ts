import type { Location } from './problem.ts'
import type { Recipes } from './recipes.ts'
import { renderImage } from './render.ts'
import { type ResolvedImage, resolveNamed } from './resolution.ts'
import { type TracedLine, traceDockerfile } from './source-map.ts'

/** Why a snippet is in an image, and why at its place in the order. */
export type ExplainedSnippet = {
  readonly name: string
  /** The image that adds it: the one asked about, or one below it. */
  readonly image: string
  /** Where it was asked for. */
  readonly origin: Location
  readonly reason: string
}

/** What an image is made of, in the order of its layers, and where every line of its Dockerfile comes from. */
export type Explanation = {
  readonly name: string
  /** From the base up: the base, the images between, the image itself. */
  readonly chain: readonly string[]
  readonly snippets: readonly ExplainedSnippet[]
  readonly lines: readonly TracedLine[]
}

/**
 * Explains an image.
 *
 * @throws {RecipeError} `unknown-image`
 */
export function explainImage(recipes: Recipes, name: string): Explanation {
  const lines = traceDockerfile(renderImage(recipes, name))
  const resolved = resolveNamed(recipes, name)
  const images: ResolvedImage[] = []
  for (let image: ResolvedImage | undefined = resolved; image; image = image.parent) images.unshift(image)
  return {
    name,
    chain: [resolved.base.name, ...images.map(({ definition }) => definition.name)],
    snippets: images.flatMap(explainSnippets),
    lines,
  }
}

function explainSnippets({ definition, snippets, supervisor, parent }: ResolvedImage): ExplainedSnippet[] {
  return snippets.map(({ snippet, location, requiredBy }) => {
    const known = new Set(snippets.map((other) => other.snippet.name))
    const before = [...snippet.requires, ...snippet.after].filter(({ name }) => known.has(name))
    const reasons = [origin(snippet.name, requiredBy), ...before.map(({ name }) => `after "${name}"`)]
    return { name: snippet.name, image: definition.name, origin: location, reason: reasons.join(', ') }
  })

  function origin(name: string, requiredBy: string | undefined): string {
    if (requiredBy !== undefined) return `required by "${requiredBy}"`
    if (!parent?.supervisor && supervisor?.snippet === name) return 'the supervisor comes first'
    return 'listed by the image'
  }
}
