import { hash } from 'node:crypto'
import { resolve } from 'node:path'
import { setImmediate as otherWork } from 'node:timers/promises'
import { orderImages } from './build-order.ts'
import { readCodeFrame } from './code-frame.ts'
import { type DefinitionFile, readDefinition } from './definition-file.ts'
import { dependencyOrder } from './dependency-order.ts'
import { type ImageDefinition, readImage } from './image.ts'
import { expandImages } from './image-expansion.ts'
import { NAME_RULE, namePattern } from './names.ts'
import { type Problem, type Report, reportInto, throwProblems } from './problem.ts'
import { openFolder, type RecipeFolder } from './recipe-folder.ts'
import { type Base, type RecipesYaml, recipesSchema } from './recipes-schema.ts'
import { type RenderedImage, rememberRendered } from './render.ts'
import { type Definitions, imageResolver, type ResolvedImage } from './resolution.ts'
import { checkExpectations, checkScenarios, renderProblems } from './scenario-image.ts'
import { readSnippet, type Snippet } from './snippet.ts'
import { predecessorsOf } from './snippet-resolution.ts'
import { suggest } from './suggestion.ts'

/** All definitions of a project, checked: every image of it renders. */
export type Recipes = {
  /** Registry and path in front of the name of every image. */
  readonly registry: string
  /** URL of the repository the recipes live in. */
  readonly source?: string
  readonly bases: ReadonlyMap<string, Base>
  readonly snippets: ReadonlyMap<string, Snippet>
  readonly images: ReadonlyMap<string, ImageDefinition>
  /** The files that were read, by the folder of the definition they belong to: path and the start of their SHA-256. */
  readonly files: RecipeFileHashes
}

/** Of every definition's folder, `recipes/snippets/sshd`: the files by path, each with twelve digits of its SHA-256. */
export type RecipeFileHashes = ReadonlyMap<string, ReadonlyMap<string, string>>

export type LoadOptions = {
  /**
   * Told every image as soon as it is rendered, after the one it is built on, while others are not checked yet: for work that
   * may begin early and is dropped when the recipes turn out to be wrong.
   */
  readonly onRendered?: (image: RenderedImage, recipes: Recipes) => void
}

/**
 * Reads and checks recipes/recipes.yaml, recipes/snippets/* and recipes/images/* below `root`, the root of a repository.
 * Nothing outside of these folders is read, and no link in them is followed.
 *
 * @throws {RecipeError} `invalid`, with every problem of all the files and their places; never only the first.
 */
export async function loadRecipes(root: string, { onRendered }: LoadOptions = {}): Promise<Recipes> {
  const problems: Problem[] = []
  const { recipes } = await readRecipes(root, problems, onRendered)
  throwProblems(await withFrames(root, problems))
  return recipes
}

/** Reads and checks the same; what is wrong is added to `problems`, and `definitions` knows what could not be read. */
export async function readRecipes(
  root: string,
  problems: Problem[],
  onRendered: LoadOptions['onRendered'] = () => {},
): Promise<{ readonly recipes: Recipes; readonly definitions: Definitions }> {
  const report = reportInto(problems)
  const files = new Map<string, Map<string, string>>()
  const folder = openFolder(root, 'recipes', (path, bytes) => {
    const owner = path.split('/').slice(0, 3).join('/')
    files.set(owner, (files.get(owner) ?? new Map()).set(path, shortHash(bytes)))
  })
  const file = await readDefinition(folder, 'recipes.yaml', recipesSchema, report)
  const snippets = await readAll(folder.folder('snippets'), 'snippet', readSnippet, report)
  const drafts = await readAll(folder.folder('images'), 'image', readImage, report)
  const images = expandImages(drafts.read, drafts.unreadable, report)
  const recipes: Recipes = {
    registry: file?.value.registry ?? '',
    ...(file?.value.source ? { source: file.value.source } : {}),
    bases: file ? await readBases(root, folder, file, report) : new Map(),
    snippets: snippets.read,
    images,
    files,
  }
  const unreadable = { bases: file === undefined, snippets: snippets.unreadable, images: drafts.unreadable }
  const definitions = { ...recipes, unreadable }
  const told = new Set<string>()
  await checkRecipes(recipes, definitions, problems, (image) => {
    rememberRendered(recipes, image)
    if (image.base.kind === 'image' && !told.has(image.base.name)) return
    told.add(image.name)
    onRendered(image, recipes)
  })
  return { recipes, definitions }
}

function shortHash(bytes: Uint8Array): string {
  return hash('sha256', bytes).slice(0, 12)
}

/** Keyrings are files beside the recipes, whose places are only known here. */
async function readBases(
  root: string,
  folder: RecipeFolder,
  { value, source }: DefinitionFile<RecipesYaml>,
  report: Report,
): Promise<Map<string, Base>> {
  const bases = new Map<string, Base>()
  for (const [name, base] of Object.entries(value.bases)) {
    const { bootstrap } = base
    if (bootstrap?.keyring === undefined) {
      bases.set(name, base)
      continue
    }
    const { keyring } = bootstrap
    bases.set(name, { ...base, bootstrap: { ...bootstrap, keyring: resolve(root, folder.path, keyring) } })
    if ((await folder.read(keyring)) !== undefined) continue
    report(source.at(['bases', name, 'bootstrap', 'keyring']), `no file "${keyring}" in ${folder.path}/`)
  }
  return bases
}

/** The problems with the lines around each place. */
export async function withFrames(root: string, problems: readonly Problem[]): Promise<Problem[]> {
  return Promise.all(
    problems.map(async (problem) => {
      const frame = await readCodeFrame(root, problem)
      return frame === '' ? problem : { ...problem, frame }
    }),
  )
}

/** Definitions that are read or rendered before other work of the process gets its turn, such as requests under way. */
const BATCH = 16

type Read<T> = { readonly read: Map<string, T>; readonly unreadable: Set<string> }

async function readAll<T>(
  folder: RecipeFolder,
  kind: string,
  read: (name: string, folder: RecipeFolder, report: Report) => Promise<T | undefined>,
  report: Report,
): Promise<Read<T>> {
  const found = new Map<string, T>()
  const unreadable = new Set<string>()
  const names = await folder.folders()
  for (const [index, name] of names.entries()) {
    const definition = await read(name, folder.folder(name), report)
    if (definition === undefined) unreadable.add(name)
    else found.set(name, definition)
    if (index % BATCH === BATCH - 1) await otherWork()
  }
  for (const name of names.filter((name) => !namePattern.test(name))) {
    const location = { file: `${folder.path}/${name}/${kind}.yaml`, line: 1, column: 1 }
    report(location, `"${name}" is no name: ${NAME_RULE}`, 'rename the folder')
  }
  return { read: found, unreadable }
}

async function checkRecipes(
  recipes: Recipes,
  definitions: Definitions,
  problems: Problem[],
  keep: (image: RenderedImage) => void,
): Promise<void> {
  const report = reportInto(problems)
  checkRequired(definitions, report)
  const order = orderImages(recipes.images, report)
  problems.push(...(await checkImages(order, recipes, imageResolver(definitions, report), report, keep)))
  checkScenarios(recipes, definitions, problems)
}

function checkRequired({ snippets, unreadable }: Definitions, report: Report): void {
  for (const { requires, after } of snippets.values()) {
    for (const { name, location } of [...requires, ...after]) {
      if (snippets.has(name) || unreadable.snippets.has(name)) continue
      report(location, `no snippet "${name}"`, suggest(name, snippets.keys()))
    }
  }
  const predecessors = (name: string) => predecessorsOf(name, snippets)
  dependencyOrder(snippets.keys(), predecessors, (cycle) => {
    const { requires = [], after = [] } = snippets.get(cycle[0] ?? '') ?? {}
    const location = [...requires, ...after].find(({ name }) => name === cycle[1])?.location
    const verb = after.length === 0 ? 'requires' : 'comes after'
    if (location) report(location, `snippet "${cycle[0]}" ${verb} itself: ${cycle.join(' → ')}`)
  })
}

/** What only shows when values meet the places they are put in: every image is rendered once. By the names of images. */
async function checkImages(
  order: readonly string[],
  recipes: Recipes,
  resolve: (name: string) => ResolvedImage | undefined,
  report: Report,
  keep: (image: RenderedImage) => void,
): Promise<Problem[]> {
  const problems = new Map<string, readonly Problem[]>()
  for (const [index, name] of order.entries()) {
    const resolved = resolve(name)
    if (!resolved) continue
    checkExpectations(resolved, resolved.definition.tests, report)
    problems.set(name, renderProblems(resolved, recipes, keep))
    if (index % BATCH === BATCH - 1) await otherWork()
  }
  return [...recipes.images.keys()].flatMap((name) => problems.get(name) ?? [])
}
