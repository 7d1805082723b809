import { buildObstacle } from './build-obstacle.ts'
import type { Recipes } from './recipes.ts'
import { renderImage } from './render.ts'

/** An image that takes the place of a Dockerfile of the old catalogue. */
export type CatalogueEntry = {
  readonly image: string
  /** Where it is defined, relative to the repository's root. */
  readonly file: string
  /** The folder of that Dockerfile. */
  readonly folder: string
  /** What that image was. */
  readonly was: string
  readonly base: string
  readonly description: string
  readonly notes?: string
  /** Why it takes more than the archives of distributions to build it; undefined when they are enough. */
  readonly obstacle?: string
}

/** The lines of docs/catalogue.md around what is generated. */
const BEGIN = '<!-- generated from recipes/images: begin -->'
const END = '<!-- generated from recipes/images: end -->'

/** The images of the recipes that have a place in the catalogue, in the order of the folders they replace. */
export function catalogueEntries(recipes: Recipes): CatalogueEntry[] {
  return [...recipes.images.values()]
    .flatMap(({ name, file, description, notes, catalogue, base }) => {
      if (!catalogue) return []
      const obstacle = buildObstacle(recipes, renderImage(recipes, name))
      const entry = { image: name, file, ...catalogue, base: base.name, description }
      return [{ ...entry, ...(notes ? { notes } : {}), ...(obstacle ? { obstacle } : {}) }]
    })
    .sort((a, b) => (a.folder < b.folder ? -1 : a.folder > b.folder ? 1 : a.image < b.image ? -1 : 1))
}

/**
 * Puts the table of the catalogue into its page, between the marks it has there.
 *
 * @throws RangeError when the page lacks the marks
 */
export function fillCatalogue(page: string, recipes: Recipes): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin)
    throw new RangeError(`the page of the catalogue lacks the lines "${BEGIN}" and "${END}"`)
  return `${page.slice(0, begin + BEGIN.length)}\n${formatTable(catalogueEntries(recipes))}\n${page.slice(end)}`
}

function formatTable(entries: readonly CatalogueEntry[]): string {
  const rows = entries.map(({ image, file, folder, was, base, description, notes, obstacle }) => [
    `[\`${image}\`](../${file})`,
    `\`${folder}\`: ${was}`,
    `on \`${base}\`: ${description}`,
    notes ?? '',
    obstacle === undefined ? 'yes' : `no: ${obstacle}`,
  ])
  const head = ['image', 'what it was', 'what it is', 'differences', 'built from distributions alone']
  const built = entries.filter(({ obstacle }) => obstacle === undefined).length
  return [
    '',
    `${entries.length} images; ${built} of them are built from the archives of distributions alone.`,
    '',
    ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cellText).join(' | ')} |`),
    '',
  ].join('\n')
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|')
}
