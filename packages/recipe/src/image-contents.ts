import { isDockerfileValue, type RunCommand, unusableText } from './dockerfile.ts'
import type { FileDefinition } from './file-definition.ts'
import { isPackage, isPort, isTarget, PORT_RULE, TARGET_RULE } from './names.ts'
import { installCommands } from './package-manager.ts'
import { type Location, type Problem, RecipeError, type Report, reportInto } from './problem.ts'
import type { ResolvedImage, ResolvedSnippet } from './resolution.ts'
import type { LocatedTemplate, Snippet } from './snippet.ts'
import { type Download, downloadStage, evaluateDownloads, type StageContents, stageName } from './stage-contents.ts'
import type { ResolvedService, ServiceUnit } from './supervisor.ts'
import type { Template, TemplateData } from './template.ts'

/** A file as it will be in the image. */
export type ContentFile = {
  readonly target: string
  readonly content: Buffer
  readonly mode: number
  readonly owner?: string
  /** Where the recipes name it. */
  readonly origin: Location
}

/** A text with its values in, and where it stands in the recipes. */
export type LocatedText = { readonly text: string; readonly origin: Location }

/** What a snippet, or the image itself, adds: the values are in, but nothing is written for a Dockerfile yet. */
export type Contents = {
  readonly environment: ReadonlyMap<string, LocatedText>
  /** Commands of the layer of the packages. */
  readonly install: readonly RunCommand[]
  readonly files: readonly ContentFile[]
  /** Commands after the files. */
  readonly run: readonly RunCommand[]
  readonly ports: readonly LocatedText[]
  readonly volumes: readonly LocatedText[]
}

export type SnippetContents = Contents & {
  readonly name: string
  /** What `install` installs, and the commands of the snippet in it. */
  readonly packages: readonly LocatedText[]
  readonly steps: readonly RunCommand[]
  readonly version?: string
  /** The stages in front of the image, of which it copies files. */
  readonly stages: readonly StageContents[]
  readonly downloads: readonly Download[]
  readonly description: string
  /** Where the snippet starts. */
  readonly origin: Location
}

export type ImageContents = {
  readonly snippets: readonly SnippetContents[]
  readonly own: Contents
  readonly labels: ReadonlyMap<string, LocatedText>
}

/** Puts the values of an image into its templates. Problems name the image, since the template alone does not tell. */
export function evaluateImage(
  image: ResolvedImage,
  labels: ReadonlyMap<string, LocatedText>,
  problems: Problem[],
): ImageContents {
  const { definition } = image
  const evaluation = evaluationOf(definition.name, problems)
  const data = { image: { name: definition.name, description: definition.description } }
  const snippets = image.snippets.map((resolved) => evaluateSnippet(resolved, image, data, evaluation))
  const ownLabels = dockerfileValues(definition.labels, 'label', evaluation.report)
  const own = {
    environment: dockerfileValues(definition.environment, 'variable', evaluation.report),
    install: installCommands(image.packageManager, definition.packages, []),
    files: [...sharedFiles(image), ...evaluateFiles(definition.files, data, evaluation)],
    run: [],
    ports: definition.ports,
    volumes: definition.volumes,
  }
  return { snippets, own, labels: new Map([...labels, ...ownLabels]) }
}

type Evaluation = {
  readonly report: Report
  /** The text of a template; empty after a problem, which was reported. */
  readonly render: (template: Template, data: TemplateData) => string
}

function evaluationOf(image: string, problems: Problem[]): Evaluation {
  const report = reportInto(problems)
  return {
    report: (location, message, hint) => report(location, message, hint ?? `seen in image "${image}"`),
    render: (template, data) => {
      try {
        return template.render(data)
      } catch (error) {
        if (!(error instanceof RecipeError)) throw error
        problems.push(...error.problems.map((problem) => ({ ...problem, hint: `seen in image "${image}"` })))
        return ''
      }
    },
  }
}

function evaluateSnippet(
  { snippet, options }: ResolvedSnippet,
  image: ResolvedImage,
  common: TemplateData,
  evaluation: Evaluation,
): SnippetContents {
  const data: TemplateData = { ...common, ...Object.fromEntries(options) }
  const texts = (
    templates: readonly LocatedTemplate[],
    isValid: (text: string) => boolean,
    fault: string,
  ): LocatedText[] =>
    templates.map(({ template, location }) => {
      const text = evaluation.render(template, data)
      if (!isValid(text)) evaluation.report(location, `${JSON.stringify(text)} ${fault}`)
      return { text, origin: location }
    })
  const commands = (templates: readonly LocatedTemplate[]): RunCommand[] =>
    templates.flatMap(({ template, location }) => {
      const { compound } = template
      const text = evaluation.render(template, data)
      return isLeftOut(text) ? [] : [{ text, compound, origins: [location] }]
    })
  const packageNames = (packages: Snippet['packages']): LocatedText[] =>
    texts(
      packages.get(image.packageManager) ?? [],
      (text) => isLeftOut(text) || isPackage(text),
      'is no name of a package',
    ).filter(({ text }) => !isLeftOut(text))
  const packages = packageNames(snippet.packages)
  const render = ({ template }: LocatedTemplate) => evaluation.render(template, data)
  const downloads = evaluateDownloads(snippet.name, snippet.downloads, render, evaluation.report)
  const loaded = downloadStage(snippet.name, snippet.downloads, downloads, image.packageManager)
  const stages = snippet.stages.map(({ name, packages, run, copy, location }) => {
    const names = packageNames(packages)
    return {
      name: stageName(snippet.name, name),
      origin: location,
      args: [],
      guards: [],
      add: [],
      commands: [...installCommands(image.packageManager, names, []), ...commands(run)],
      copy: copy.map(({ from, to, location }) => ({ from, to, origin: location })),
    }
  })
  const steps = commands(snippet.install)
  const units = serviceUnits(snippet.name, image, data, evaluation)
  const environment = [...snippet.environment].map(
    ([key, { template, location }]) => [key, { value: evaluation.render(template, data), location }] as const,
  )
  return {
    name: snippet.name,
    description: snippet.description,
    ...(snippet.version ? { version: snippet.version } : {}),
    stages: [...(loaded ? [loaded] : []), ...stages],
    downloads,
    origin: { file: snippet.file, line: 1, column: 1 },
    environment: dockerfileValues(new Map(environment), 'variable', evaluation.report),
    packages,
    steps,
    install: installCommands(image.packageManager, packages, steps),
    files: [
      ...evaluateFiles(snippet.files, data, evaluation),
      ...units.map(({ unit, origin }) => unitFile(unit, origin)),
    ],
    run: [...enablingCommands(units, image), ...commands(snippet.run)],
    ports: texts(snippet.ports, isPort, `is no port: ${PORT_RULE}`),
    volumes: texts(snippet.volumes, isTarget, `is no volume: ${TARGET_RULE}`),
  }
}

/** A package or a command of which its conditions leave nothing. */
function isLeftOut(text: string): boolean {
  return text.trim() === ''
}

function evaluateFiles(files: readonly FileDefinition[], data: TemplateData, { render }: Evaluation): ContentFile[] {
  return files.map(({ target, mode, owner, content, location }) => ({
    target,
    mode,
    origin: location,
    ...(owner ? { owner } : {}),
    content: Buffer.isBuffer(content) ? content : Buffer.from(render(content, data)),
  }))
}

/** A service with its values in, the file for it, and where it is declared. */
type LocatedUnit = { readonly service: ResolvedService; readonly unit: ServiceUnit; readonly origin: Location }

function enablingCommands(units: readonly LocatedUnit[], { supervisor }: ResolvedImage): RunCommand[] {
  const [first] = units
  if (!first || !supervisor?.enable) return []
  const commands = supervisor.enable(units.map(({ service }) => service))
  return commands.map((text) => ({ text, compound: false, origins: [first.origin] }))
}

/** What the supervisor needs to know of all services together, where this image adds any. */
function sharedFiles({ definition, supervisor, services, snippets, parent }: ResolvedImage): ContentFile[] {
  const adds = !parent?.supervisor || snippets.some(({ snippet }) => snippet.services.length > 0)
  if (!supervisor?.shared || !adds) return []
  const origin = definition.supervisor?.location ?? definition.location
  const units = supervisor.shared([...services.values()].map((service) => service.definition))
  return units.map((unit) => unitFile(unit, origin))
}

function serviceUnits(
  snippet: string,
  { supervisor, services }: ResolvedImage,
  data: TemplateData,
  { render, report }: Evaluation,
): LocatedUnit[] {
  if (!supervisor) return []
  return [...services.values()].flatMap((service) => {
    if (service.snippet !== snippet) return []
    const { after, position, previous } = service
    const { name, type, exec, replaces, location } = service.definition
    const words = exec.map(({ template }) => render(template, data))
    const program = exec[0]
    if (program && !isTarget(words[0] ?? '')) {
      report(
        program.location,
        `${JSON.stringify(words[0])} is no program: a service starts an absolute path, with no shell`,
      )
    }
    const settled = { name, type, exec: words, after, position, replaces }
    const resolved = previous === undefined ? settled : { ...settled, previous }
    return [{ service: resolved, unit: supervisor.unit(resolved), origin: location }]
  })
}

function unitFile({ target, content, mode }: ServiceUnit, origin: Location): ContentFile {
  return { target, mode, content: Buffer.from(content), origin }
}

/** Values of ENV and LABEL: a Dockerfile can write any but those with line breaks and control characters. */
function dockerfileValues(
  values: ReadonlyMap<string, { readonly value: string; readonly location: Location }>,
  kind: string,
  report: Report,
): Map<string, LocatedText> {
  for (const [name, { value, location }] of values) {
    const unusable =
      unusableText(value) ?? (isDockerfileValue(value) ? undefined : 'has a line break or control character')
    if (unusable)
      report(location, `${kind} "${name}" ${unusable}, which a Dockerfile can not hold`, 'put it into a file')
  }
  return new Map([...values].map(([name, { value, location }]) => [name, { text: value, origin: location }]))
}
