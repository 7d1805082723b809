import { type DockerfileFrame, IMAGE_FOLDER, isContextMode, snippetFolder, writeDockerfile } from './dockerfile-text.ts'
import { type ContentFile, evaluateImage, type ImageContents } from './image-contents.ts'
import { type Problem, RecipeError, reportInto, throwProblems } from './problem.ts'
import type { Recipes } from './recipes.ts'
import type { Bootstrap } from './recipes-schema.ts'
import { imageResolver, type ResolvedImage } from './resolution.ts'

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
  /** The recipe files it was rendered from, relative to the repository's root. */
  readonly sources: readonly string[]
}

/**
 * Renders the Dockerfile of an image and every file it copies. The same recipes give the same bytes.
 *
 * @throws {RecipeError} `unknown-image` when the recipes have no such image.
 */
export function renderImage(recipes: Recipes, name: string): RenderedImage {
  if (!recipes.images.has(name)) {
    throw new RecipeError(
      'unknown-image',
      `recipes/images: no image "${name}"; known: ${[...recipes.images.keys()].join(', ')}`,
    )
  }
  const problems: Problem[] = []
  const unreadable = { bases: false, snippets: new Set<string>(), images: new Set<string>() }
  const resolved = imageResolver({ ...recipes, unreadable }, reportInto(problems))(name)
  throwProblems(problems)
  if (!resolved) throw new RecipeError('unknown-image', `recipes/images: image "${name}" can not be resolved`)
  return renderResolved(resolved, recipes)
}

/** Renders an image whose names are resolved. What is wrong with its values is thrown, all at once. */
export function renderResolved(image: ResolvedImage, { registry, source }: Recipes): RenderedImage {
  const { definition, snippets, parent } = image
  const problems: Problem[] = []
  const contents = evaluateImage(image, standardLabels(image, source), problems)
  throwProblems(problems)
  const base = renderedBase(image)
  const version = contents.labels.get('org.opencontainers.image.version')
  const sources = ['recipes/recipes.yaml', definition.file, ...snippets.map(({ snippet }) => snippet.file)]
  const dockerfile = writeDockerfile(
    {
      sources,
      from: base.kind === 'base' ? base.reference : `${registry}/${base.name}:latest`,
      ...commandOf(image, parent),
    },
    contents,
  )
  return {
    name: definition.name,
    description: definition.description,
    base,
    files: contextOf(dockerfile, contents),
    ...(version === undefined ? {} : { version }),
    sources,
  }
}

function renderedBase({ definition, base }: ResolvedImage): RenderedBase {
  if (definition.base.kind === 'image') return { kind: 'image', name: definition.base.name }
  const { name, reference, bootstrap } = base
  return { kind: 'base', name, reference, ...(bootstrap ? { bootstrap } : {}) }
}

/** What the image says itself, else the supervisor's entrypoint where it is chosen; all else comes with the base. */
function commandOf({ definition, supervisor }: ResolvedImage, parent?: ResolvedImage): Partial<DockerfileFrame> {
  const entrypoint = definition.entrypoint ?? (parent?.supervisor ? undefined : supervisor?.entrypoint)
  return { ...(entrypoint ? { entrypoint } : {}), ...(definition.cmd ? { cmd: definition.cmd } : {}) }
}

function standardLabels({ definition }: ResolvedImage, source: string | undefined): Map<string, string> {
  const prefix = 'org.opencontainers.image'
  return new Map([
    [`${prefix}.title`, definition.name],
    [`${prefix}.description`, definition.description],
    ...(source === undefined ? [] : [[`${prefix}.source`, source] as const]),
  ])
}

function contextOf(dockerfile: string, { snippets, own }: ImageContents): Map<string, ContextFile> {
  const files: [string, ContextFile][] = [
    ...snippets.flatMap(({ name, files }) => files.map((file) => contextFile(file, snippetFolder(name)))),
    ...own.files.map((file) => contextFile(file, IMAGE_FOLDER)),
    ['Dockerfile', { content: Buffer.from(dockerfile), mode: 0o644 }],
  ]
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function contextFile({ target, mode, content }: ContentFile, folder: string): [string, ContextFile] {
  const executable = (mode & 0o111) !== 0
  return [`${folder}${target}`, { content, mode: isContextMode(mode) ? mode : executable ? 0o755 : 0o644 }]
}
