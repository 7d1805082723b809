import { type DefinitionFile, readDefinition } from './definition-file.ts'
import { type FileDefinition, readFiles, readPartials } from './file-definition.ts'
import { type OptionDefinitions, optionFault } from './options.ts'
import type { PackageManager } from './package-manager.ts'
import { type Location, type Report, watchReport } from './problem.ts'
import type { RecipeFolder } from './recipe-folder.ts'
import { readSnippetTests, type SnippetScenario } from './scenario.ts'
import { type ServiceEntry, type SnippetYaml, snippetSchema } from './snippet-schema.ts'
import { type DownloadDefinition, readDownloads, readStages, type StageDefinition } from './stage.ts'
import { compileTemplate, type Template } from './template.ts'
import type { PartialSource, Variables } from './template-check.ts'
import type { Place } from './template-place.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

/** A template, its text, and where that stands. */
export type LocatedTemplate = { readonly template: Template; readonly text: string; readonly location: Location }

/** A name, and where it is written. */
export type LocatedName = { readonly name: string; readonly location: Location }

/** Something a supervisor starts. */
export type ServiceDefinition = {
  readonly name: string
  readonly type: 'oneshot' | 'longrun'
  /** Program and arguments. */
  readonly exec: readonly LocatedTemplate[]
  readonly after: readonly LocatedName[]
  /** The variables of the container it reads; it gets all. */
  readonly environment: readonly string[]
  /** Units of a package that it stands in for. */
  readonly replaces: readonly string[]
  readonly location: Location
}

/** One capability of an image: packages, files, commands and services, with options. */
export type Snippet = {
  readonly name: string
  readonly description: string
  /** The file it is defined in, relative to the repository's root. */
  readonly file: string
  readonly options: OptionDefinitions
  readonly version?: string
  /** Snippets that come with this one, before it. */
  readonly requires: readonly LocatedName[]
  /** Snippets that come before this one where both are in an image. */
  readonly after: readonly LocatedName[]
  /** Families and bases it works on; all when undefined. */
  readonly distributions?: readonly string[]
  readonly downloads: readonly DownloadDefinition[]
  readonly stages: readonly StageDefinition[]
  /** Hosts that its commands load from. */
  readonly network: readonly string[]
  readonly packages: ReadonlyMap<PackageManager, readonly LocatedTemplate[]>
  readonly install: readonly LocatedTemplate[]
  readonly files: readonly FileDefinition[]
  readonly run: readonly LocatedTemplate[]
  readonly services: readonly ServiceDefinition[]
  readonly environment: ReadonlyMap<string, LocatedTemplate>
  readonly ports: readonly LocatedTemplate[]
  readonly volumes: readonly LocatedTemplate[]
  /** Images with it, and what must hold in containers of them. */
  readonly tests: readonly SnippetScenario[]
}

/** Every file a snippet owns in an image, besides what its packages and commands make. */
export function snippetTargets({ files, downloads, stages }: Snippet): string[] {
  const copied = stages.flatMap(({ copy }) => copy.map(({ to }) => to))
  return [...files, ...downloads].map(({ target }) => target).concat(copied)
}

/** The names every template can use besides the options of its snippet. */
export const IMAGE_VARIABLES: Variables = new Map([
  ['name', 'value'],
  ['description', 'value'],
])

/** Reads recipes/snippets/<name>. Everything wrong in it is reported; then nothing is returned. */
export async function readSnippet(name: string, folder: RecipeFolder, report: Report): Promise<Snippet | undefined> {
  const watch = watchReport(report)
  const file = await readDefinition(folder, 'snippet.yaml', snippetSchema, watch.report)
  const snippet = file && (await buildSnippet(name, file, folder, watch.report))
  return watch.hasProblems() ? undefined : snippet
}

async function buildSnippet(
  name: string,
  { value, source }: DefinitionFile<SnippetYaml>,
  folder: RecipeFolder,
  report: Report,
): Promise<Snippet> {
  const options = readOptions(value, source, report)
  const variables = variablesOf(options)
  const partials = await readPartials(folder, report)
  const context = { folder, source, variables, partials }
  const compile = compilerFor(context, report)
  return {
    name,
    description: value.description,
    file: source.file,
    options,
    ...(value.version ? { version: value.version } : {}),
    requires: located(value.requires, source, ['requires']),
    after: located(value.after, source, ['after']),
    ...(value.distributions ? { distributions: value.distributions } : {}),
    downloads: readDownloads(value, source, compile),
    stages: readStages(value, source, compile, report),
    network: value.network ?? [],
    packages: readPackages(value, compile),
    install: compile('step', value.install ?? [], ['install']),
    files: await readFiles(value.files ?? [], { ...context, path: ['files'] }, report),
    run: compile('step', value.run ?? [], ['run']),
    services: (value.services ?? []).map((service, index) => readService(service, index, source, compile)),
    environment: readEnvironment(value, compile),
    ports: compile('text', value.ports ?? [], ['ports']),
    volumes: compile('text', value.volumes ?? [], ['volumes']),
    tests: readSnippetTests(value.tests ?? [], source),
  }
}

function readService(service: ServiceEntry, index: number, source: YamlSource, compile: Compiler): ServiceDefinition {
  const path = ['services', index]
  const exec = compile('text', service.exec, [...path, 'exec'])
  const after = located(service.after, source, [...path, 'after'])
  const { name, type, environment = [], replaces = [] } = service
  return { name, type, exec, after, environment, replaces, location: source.at([...path, 'name']) }
}

function readPackages({ packages }: SnippetYaml, compile: Compiler): Snippet['packages'] {
  const managers = Object.entries(packages ?? {}) as [PackageManager, string[] | undefined][]
  return new Map(managers.map(([manager, names]) => [manager, compile('text', names ?? [], ['packages', manager])]))
}

function readEnvironment({ environment }: SnippetYaml, compile: Compiler): Snippet['environment'] {
  const entries = Object.entries(environment ?? {}).map(
    ([name, text]) => [name, compile('text', [text], ['environment', name], true)[0]] as const,
  )
  return new Map(entries.flatMap(([name, template]) => (template ? [[name, template] as const] : [])))
}

function readOptions(value: SnippetYaml, source: YamlSource, report: Report): OptionDefinitions {
  const options = new Map(Object.entries(value.options ?? {}))
  for (const [name, definition] of options) {
    if (name === 'image')
      report(source.atKey(['options', name]), '"image" is the name of a variable that every template has')
    const fault = definition.default === undefined ? undefined : optionFault(definition, definition.default)
    if (fault) report(source.at(['options', name, 'default']), `the default ${fault.message}`, fault.hint)
  }
  return options
}

function variablesOf(options: OptionDefinitions): Variables {
  const names = [...options].map(([name, { type }]) => [name, type === 'list' ? 'list' : 'value'] as const)
  return new Map<string, 'value' | 'list' | Variables>([...names, ['image', IMAGE_VARIABLES]])
}

/** Compiles the texts of a list at a path, or the one text there when `single`. */
export type Compiler = (place: Place, texts: readonly string[], path: YamlPath, single?: boolean) => LocatedTemplate[]

type CompilerContext = {
  readonly source: YamlSource
  readonly variables: Variables
  readonly partials: ReadonlyMap<string, PartialSource>
}

function compilerFor({ source, variables, partials }: CompilerContext, report: Report): Compiler {
  return (place, texts, path, single = false) =>
    texts.flatMap((text, index) => {
      const at = single ? path : [...path, index]
      const locate = (line: number, column: number) => source.within(at, line, column)
      const trimmed = place === 'step' ? text.trimEnd() : text
      if (trimmed.trim() === '') report(source.at(at), 'the text is empty', 'remove it')
      const input = { file: source.file, text: trimmed, place, variables, partials, locate }
      const template = compileTemplate(input, report)
      return template ? [{ template, text: trimmed, location: firstLine(source, at) }] : []
    })
}

/** Where a text stands; that of a block is in the line below its mark. */
function firstLine(source: YamlSource, at: YamlPath): Location {
  const [start, text] = [source.at(at), source.within(at, 1, 1)]
  return text.line > start.line ? text : start
}

function located(names: readonly string[] | undefined, source: YamlSource, path: YamlPath) {
  return (names ?? []).map((name, index) => ({ name, location: source.at([...path, index]) }))
}
