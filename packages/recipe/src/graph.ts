import type { Recipes } from './recipes.ts'
import { resolveNamed } from './resolution.ts'

/** An edge of the graph of what stands on what. */
export type GraphEdge = {
  readonly kind: 'base' | 'image' | 'snippet' | 'requirement'
  readonly from: string
  readonly to: string
}

/**
 * What images are built on, what snippets they add, and what snippets require: from the base up, each edge once. Of all images,
 * or of some with what is below them.
 */
export function recipeGraph(recipes: Recipes, images: readonly string[]): GraphEdge[] {
  const edges = new Map<string, GraphEdge>()
  const add = (kind: GraphEdge['kind'], from: string, to: string) =>
    edges.set(`${kind} ${from} ${to}`, { kind, from, to })
  for (const name of images) {
    const { definition, snippets } = resolveNamed(recipes, name)
    add(definition.base.kind, definition.base.name, name)
    const listed = new Set(snippets.filter(({ requiredBy }) => !requiredBy).map(({ snippet }) => snippet.name))
    for (const { snippet } of snippets) {
      if (listed.has(snippet.name)) add('snippet', snippet.name, name)
      for (const required of snippet.requires) add('requirement', required.name, snippet.name)
    }
  }
  return [...edges.values()]
}

/** The images that have a snippet, directly or below them, in build order: what a change of it touches. */
export function imagesWith(recipes: Recipes, snippet: string, order: readonly string[]): string[] {
  const touched = new Set<string>()
  for (const name of order) {
    const { definition, snippets } = resolveNamed(recipes, name)
    const own = snippets.some((resolved) => resolved.snippet.name === snippet)
    if (own || (definition.base.kind === 'image' && touched.has(definition.base.name))) touched.add(name)
  }
  return [...touched]
}

/** The images on top of some, in build order, without those themselves: what is built again because its base is. */
export function imagesOnTop(recipes: Recipes, images: readonly string[], order: readonly string[]): string[] {
  const touched = new Set(images)
  for (const name of order) {
    const base = recipes.images.get(name)?.base
    if (base?.kind === 'image' && touched.has(base.name)) touched.add(name)
  }
  return order.filter((name) => touched.has(name) && !images.includes(name))
}

/** The graph as a Mermaid flowchart. Names hold nothing that Mermaid reads as more than text in quotes. */
export function formatMermaid(edges: readonly GraphEdge[]): string {
  const ids = new Map<string, string>()
  const node = (kind: 'base' | 'image' | 'snippet', name: string): string => {
    const key = `${kind} ${name}`
    const known = ids.get(key)
    if (known) return known
    const id = `${kind}${ids.size}`
    ids.set(key, id)
    const [open, close] = { base: ['[(', ')]'], image: ['[', ']'], snippet: ['([', '])'] }[kind]
    return `${id}${open}"${name}"${close}`
  }
  const lines = edges.map(({ kind, from, to }) => {
    if (kind === 'requirement') return `  ${node('snippet', from)} --> ${node('snippet', to)}`
    return `  ${node(kind, from)} ${kind === 'snippet' ? '-.->' : '==>'} ${node('image', to)}`
  })
  return `${['flowchart LR', ...lines].join('\n')}\n`
}
