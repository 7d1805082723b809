import type { RunCommand } from './dockerfile.ts'
import { dockerfileValues, type Evaluation, evaluateFiles, unitFile } from './evaluation.ts'
import type { LocatedText, SnippetContents } from './image-contents.ts'
import { isPackage, isPort, isTarget, PORT_RULE, TARGET_RULE } from './names.ts'
import { installCommands } from './package-manager.ts'
import type { Location } from './problem.ts'
import type { ResolvedImage, ResolvedSnippet } from './resolution.ts'
import type { LocatedTemplate, Snippet } from './snippet.ts'
import { downloadStage, evaluateDownloads, stageName } from './stage-contents.ts'
import type { ResolvedService, ServiceUnit } from './supervisor.ts'
import type { TemplateData } from './template.ts'

/** What snippets made of options before, by what it depends on. */
const evaluated = new WeakMap<Snippet, Map<string, SnippetContents>>()

/**
 * Puts the values that an image gives to a snippet into its templates. Images that give it the same ones share the contents,
 * unless the snippet names the image, has services, which are ordered with those around them, or is wrong.
 */
export function evaluateSnippet(
  resolved: ResolvedSnippet,
  image: ResolvedImage,
  common: TemplateData,
  evaluation: Evaluation,
): SnippetContents {
  const { snippet, options } = resolved
  const known = evaluated.get(snippet) ?? new Map<string, SnippetContents>()
  evaluated.set(snippet, known)
  const key = JSON.stringify([image.packageManager, ...options])
  const shared = known.get(key)
  if (shared) return shared
  const before = evaluation.problems.length
  let isShared = snippet.services.length === 0
  const watched: TemplateData = {
    get image() {
      isShared = false
      return common.image as TemplateData
    },
  }
  const data = Object.defineProperties(watched, Object.getOwnPropertyDescriptors(Object.fromEntries(options)))
  const contents = contentsOf(snippet, image, data, evaluation)
  if (isShared && evaluation.problems.length === before) known.set(key, contents)
  return contents
}

function contentsOf(
  snippet: Snippet,
  image: ResolvedImage,
  data: TemplateData,
  evaluation: Evaluation,
): SnippetContents {
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

/** A service with its values in, the file for it, and where it is declared. */
type LocatedUnit = { readonly service: ResolvedService; readonly unit: ServiceUnit; readonly origin: Location }

function enablingCommands(units: readonly LocatedUnit[], { supervisor }: ResolvedImage): RunCommand[] {
  const [first] = units
  if (!first || !supervisor?.enable) return []
  const commands = supervisor.enable(units.map(({ service }) => service))
  return commands.map((text) => ({ text, compound: false, origins: [first.origin] }))
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
