import { readDefinition } from './definition-file.ts'
import { type FileDefinition, readFiles, readPartials } from './file-definition.ts'
import type { LocatedText } from './image-contents.ts'
import { type ImageYaml, imageSchema } from './image-schema.ts'
import { readVariants, type Variants } from './image-variants.ts'
import type { GivenOptions } from './options.ts'
import { type Location, type Report, watchReport } from './problem.ts'
import { type RawFragment, type RawStage, readFragment, readStages } from './raw-fragment.ts'
import type { FolderFile, RecipeFolder } from './recipe-folder.ts'
import { readImageTests, readUse, type Scenario } from './scenario.ts'
import { IMAGE_VARIABLES } from './snippet.ts'
import type { SupervisorName } from './supervisor.ts'
import type { YamlSource } from './yaml-source.ts'

/** A snippet as an image uses it. */
export type SnippetUse = { readonly name: string; readonly options: GivenOptions; readonly location: Location }

/** What an image is built on: a base of recipes.yaml, or another image. */
export type ImageBase = { readonly kind: 'base' | 'image'; readonly name: string; readonly location: Location }

/** A program and its arguments, and where the image says so. */
export type LocatedCommand = { readonly words: readonly string[]; readonly origin: Location }

/** What an image is made of, as its image.yaml says. */
export type ImageDefinition = {
  readonly name: string
  readonly description: string
  /** Where the description stands. */
  readonly location: Location
  /** The file it is defined in, relative to the repository's root. */
  readonly file: string
  /** That file, after those of the images it extends. */
  readonly sources: readonly string[]
  readonly base: ImageBase
  readonly supervisor?: { readonly name: SupervisorName; readonly location: Location }
  /** Package of the kernel of a virtual machine that is made of the same recipe. */
  readonly kernel?: { readonly name: string; readonly location: Location }
  readonly snippets: readonly SnippetUse[]
  readonly packages: readonly LocatedText[]
  readonly files: readonly FileDefinition[]
  readonly environment: ReadonlyMap<string, { readonly value: string; readonly location: Location }>
  readonly entrypoint?: LocatedCommand
  readonly cmd?: LocatedCommand
  readonly ports: readonly LocatedText[]
  readonly volumes: readonly LocatedText[]
  readonly labels: ReadonlyMap<string, { readonly value: string; readonly location: Location }>
  /** What its users must know; nothing of the image itself. */
  readonly notes?: string
  /** The Dockerfile of the old catalogue whose place it takes. */
  readonly catalogue?: { readonly folder: string; readonly was: string }
  /** The files of its folder "context", for the instructions it writes itself. */
  readonly context: readonly FolderFile[]
  /** Instructions after all others but the config. */
  readonly fragment?: RawFragment
  /** Stages in front of it that it writes itself. */
  readonly stages: readonly RawStage[]
  /** What must hold in containers of it. */
  readonly tests: readonly Scenario[]
}

/** What an image.yaml says, before what it extends is put in and its variants are made. */
export type ImageDraft = Omit<ImageDefinition, 'base'> & {
  readonly base?: ImageBase
  readonly extends?: { readonly name: string; readonly location: Location }
  readonly variants?: Variants
  readonly abstract: boolean
}

/** Reads recipes/images/<name>. Everything wrong in it is reported; then nothing is returned. */
export async function readImage(name: string, folder: RecipeFolder, report: Report): Promise<ImageDraft | undefined> {
  const watch = watchReport(report)
  const file = await readDefinition(folder, 'image.yaml', imageSchema, watch.report)
  if (file === undefined) return undefined
  const { value, source } = file
  const variables = new Map([['image', IMAGE_VARIABLES]])
  const partials = await readPartials(folder, watch.report)
  const context = { folder, source, path: ['files'], variables, partials }
  const files = await readFiles(value.files ?? [], context, watch.report)
  const draft = draftImage(name, value, source, { files, context: await folder.tree('context') }, watch.report)
  return watch.hasProblems() ? undefined : draft
}

function draftImage(
  name: string,
  value: ImageYaml,
  source: YamlSource,
  { files, context }: Pick<ImageDefinition, 'files' | 'context'>,
  report: Report,
): ImageDraft {
  const { base, supervisor, kernel, entrypoint, cmd, notes, catalogue, dockerfile } = value
  const variants = readVariants(value.variants, source.at, report)
  const fragmentLine = (line: number) => source.within(['dockerfile'], line, 1)
  return {
    name,
    description: value.description,
    location: source.at(['description']),
    file: source.file,
    sources: [source.file],
    ...(base ? { base: imageBase(base, source) } : {}),
    ...(value.extends ? { extends: { name: value.extends, location: source.at(['extends']) } } : {}),
    ...(variants ? { variants } : {}),
    abstract: value.abstract ?? false,
    ...(supervisor ? { supervisor: { name: supervisor, location: source.at(['supervisor']) } } : {}),
    ...(kernel ? { kernel: { name: kernel, location: source.at(['kernel']) } } : {}),
    snippets: (value.snippets ?? []).map((use, index) => readUse(use, ['snippets', index], source)),
    packages: locatedTexts(value.packages, source, 'packages'),
    files,
    context,
    environment: locatedValues(value.environment, source, 'environment'),
    ...(entrypoint ? { entrypoint: { words: entrypoint, origin: source.atKey(['entrypoint']) } } : {}),
    ...(cmd ? { cmd: { words: cmd, origin: source.atKey(['cmd']) } } : {}),
    ports: locatedTexts(value.ports, source, 'ports'),
    volumes: locatedTexts(value.volumes, source, 'volumes'),
    labels: locatedValues(value.labels, source, 'labels'),
    ...(notes ? { notes } : {}),
    ...(catalogue ? { catalogue } : {}),
    stages: readStages(value.stages ?? [], source, report),
    tests: readImageTests(value.tests ?? [], source),
    ...(dockerfile ? { fragment: readFragment(dockerfile, fragmentLine, report) } : {}),
  }
}

function imageBase(base: NonNullable<ImageYaml['base']>, source: YamlSource): ImageBase {
  const location = source.at(['base', 'image'])
  return typeof base === 'string'
    ? { kind: 'base', name: base, location }
    : { kind: 'image', name: base.image, location }
}

function locatedTexts(texts: readonly string[] | undefined, source: YamlSource, key: string): LocatedText[] {
  return (texts ?? []).map((text, index) => ({ text, origin: source.at([key, index]) }))
}

function locatedValues(values: Readonly<Record<string, string>> | undefined, source: YamlSource, key: string) {
  const entries = Object.entries(values ?? {})
  return new Map(entries.map(([name, value]) => [name, { value, location: source.at([key, name]) }]))
}
