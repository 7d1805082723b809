import { hash } from 'node:crypto'
import { type DockerfileFrame, IMAGE_FOLDER, isContextMode, snippetFolder, writeDockerfile } from './dockerfile-text.ts'
import type { ImageDefinition } from './image.ts'
import { type ContentFile, evaluateImage, type ImageContents, type LocatedText } from './image-contents.ts'
import { snapshotLines } from './package-snapshot.ts'
import { type Location, type Problem, throwProblems } from './problem.ts'
import type { RecipeFileHashes, Recipes } from './recipes.ts'
import type { Bootstrap } from './recipes-schema.ts'
import { type ResolvedImage, resolveNamed } from './resolution.ts'
import type { SourceMap } from './source-map.ts'
import type { Download } from './stage-contents.ts'

/** A file of a build context. Modes are 0o644 or 0o755: the two a git checkout keeps. */
export type ContextFile = { readonly content: Buffer; readonly mode: 0o644 | 0o755 }

/** What an image is built on, and so what the build argument BASE stands for. */
export type RenderedBase =
  | { readonly kind: 'base'; readonly name: string; readonly reference: string; readonly bootstrap?: Bootstrap }
  | { readonly kind: 'image'; readonly name: string }

/** A complete build context: a plain `docker build` of these files makes the image. */
export type RenderedImage = {
  readonly name: string
  readonly description: string
  readonly base: RenderedBase
  /** By path in the context, with `/`; `Dockerfile` is one of them. */
  readonly files: ReadonlyMap<string, ContextFile>
  /** What is in it, from its label `org.opencontainers.image.version`; part of the name of its flist. */
  readonly version?: string
  /** Where each line of the Dockerfile comes from, the first line first; lines that come from nowhere have none. */
  readonly sourceMap: SourceMap
  /** The base whose packages it takes from a snapshot, the date of which the build argument SNAPSHOT brings. */
  readonly snapshot?: string
  /** What its build loads from the network, each with the hash it is checked against, or the argument that brings it. */
  readonly downloads: readonly Download[]
  /** The recipe files it was rendered from, relative to the repository's root. */
  readonly sources: readonly string[]
  /** The snippets it adds to what it is built on, in their order, with their versions where they have one. */
  readonly snippets: ReadonlyMap<string, string | undefined>
  /**
   * Every file of the recipes that has a part in it, with what tells whether it changed. Of recipes.yaml that is what it
   * says for this image, as it changes with every base that is added.
   */
  readonly fileHashes: ReadonlyMap<string, string>
}

/**
 * Renders the Dockerfile of an image and every file it copies. The same recipes give the same bytes.
 *
 * @throws {RecipeError} `unknown-image` when the recipes have no such image.
 */
export function renderImage(recipes: Recipes, name: string): RenderedImage {
  return known.get(recipes)?.get(name) ?? renderResolved(resolveNamed(recipes, name), recipes)
}

/** What was rendered to check recipes, by name; it goes with them. */
const known = new WeakMap<Recipes, Map<string, RenderedImage>>()

/** Keeps a rendered image: to load recipes is to render each of their images, and most are asked for afterwards. */
export function rememberRendered(recipes: Recipes, image: RenderedImage): void {
  const images = known.get(recipes) ?? new Map()
  known.set(recipes, images.set(image.name, image))
}

/** Renders an image whose names are resolved. What is wrong with its values is thrown, all at once. */
export function renderResolved(image: ResolvedImage, { registry, source, files }: Recipes): RenderedImage {
  const { definition, snippets, parent } = image
  const problems: Problem[] = []
  const contents = evaluateImage(image, standardLabels(image, source), problems)
  throwProblems(problems)
  const base = renderedBase(image)
  const version = contents.labels.get('org.opencontainers.image.version')?.text
  const sources = ['recipes/recipes.yaml', ...definition.sources, ...snippets.map(({ snippet }) => snippet.file)]
  const lines = writeDockerfile(
    {
      sources,
      ...(base.kind === 'base' && image.base.snapshot
        ? { sourcesOfPackages: snapshotLines(image.base.snapshot, image.packageManager, base.name, RECIPES) }
        : {}),
      stages: definition.stages,
      ...(definition.fragment ? { fragment: definition.fragment } : {}),
      from: {
        text: base.kind === 'base' ? base.reference : `${registry}/${base.name}:latest`,
        origin: definition.base.location,
      },
      ...commandOf(image, parent),
    },
    contents,
  )
  return {
    name: definition.name,
    description: definition.description,
    base,
    files: contextOf(`${lines.map(({ text }) => text).join('\n')}\n`, contents, definition),
    downloads: contents.snippets.flatMap(({ downloads }) => downloads),
    sourceMap: lines.map(({ origin }) => origin),
    ...(version === undefined ? {} : { version }),
    sources,
    ...(base.kind === 'base' && image.base.snapshot ? { snapshot: base.name } : {}),
    snippets: new Map(snippets.map(({ snippet }) => [snippet.name, snippet.version])),
    fileHashes: fileHashesOf(sources, files, [base.kind === 'base' ? base.reference : registry, source ?? '']),
  }
}

function fileHashesOf(
  sources: readonly string[],
  files: RecipeFileHashes,
  common: readonly string[],
): ReadonlyMap<string, string> {
  const own = hash('sha256', JSON.stringify(common)).slice(0, 12)
  const [recipes = '', ...definitions] = sources
  const folders = new Set(definitions.map((file) => file.slice(0, file.lastIndexOf('/'))))
  // What images share comes first, so that objects made of it have a shape in common: thousands of them are made.
  const shared = [...folders].reverse()
  return new Map([[recipes, own], ...shared.flatMap((folder) => [...(files.get(folder) ?? [])].sort())])
}

/** Where the files are that an image has for instructions of its own, in its folder and in the build context. */
export const CONTEXT_FOLDER = 'context'

/** The file that says what holds for every image. */
const RECIPES: Location = { file: 'recipes/recipes.yaml', line: 1, column: 1 }

function renderedBase({ definition, base }: ResolvedImage): RenderedBase {
  if (definition.base.kind === 'image') return { kind: 'image', name: definition.base.name }
  const { name, reference, bootstrap } = base
  return { kind: 'base', name, reference, ...(bootstrap ? { bootstrap } : {}) }
}

/** What the image says itself, else the supervisor's entrypoint where it is chosen; all else comes with the base. */
function commandOf({ definition, supervisor }: ResolvedImage, parent?: ResolvedImage): Partial<DockerfileFrame> {
  const chosen = parent?.supervisor ? undefined : supervisor
  const origin = definition.supervisor?.location ?? definition.location
  const entrypoint = definition.entrypoint ?? (chosen && { words: chosen.entrypoint, origin })
  const stopSignal = chosen?.stopSignal && !definition.entrypoint ? { text: chosen.stopSignal, origin } : undefined
  return {
    ...(stopSignal ? { stopSignal } : {}),
    ...(entrypoint ? { entrypoint } : {}),
    ...(definition.cmd ? { cmd: definition.cmd } : {}),
  }
}

function standardLabels({ definition }: ResolvedImage, source: string | undefined): Map<string, LocatedText> {
  const prefix = 'org.opencontainers.image'
  const origin = definition.location
  return new Map([
    [`${prefix}.title`, { text: definition.name, origin }],
    [`${prefix}.description`, { text: definition.description, origin }],
    ...(source === undefined ? [] : [[`${prefix}.source`, { text: source, origin: RECIPES }] as const]),
  ])
}

function contextOf(
  dockerfile: string,
  { snippets, own }: ImageContents,
  { context }: ImageDefinition,
): Map<string, ContextFile> {
  const files: [string, ContextFile][] = [
    ...snippets.flatMap(({ name, files }) => files.map((file) => contextFile(file, snippetFolder(name)))),
    ...own.files.map((file) => contextFile(file, IMAGE_FOLDER)),
    ...context.map(({ path, content, executable }): [string, ContextFile] => [
      `${CONTEXT_FOLDER}/${path}`,
      { content, mode: executable ? 0o755 : 0o644 },
    ]),
    ['Dockerfile', { content: Buffer.from(dockerfile), mode: 0o644 }],
  ]
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function contextFile({ target, mode, content }: ContentFile, folder: string): [string, ContextFile] {
  const executable = (mode & 0o111) !== 0
  return [`${folder}${target}`, { content, mode: isContextMode(mode) ? mode : executable ? 0o755 : 0o644 }]
}
