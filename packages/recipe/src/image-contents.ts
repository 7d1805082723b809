import type { RunCommand } from './dockerfile.ts'
import { dockerfileValues, evaluateFiles, evaluationOf, unitFile } from './evaluation.ts'
import { installCommands } from './package-manager.ts'
import type { Location, Problem } from './problem.ts'
import type { ResolvedImage } from './resolution.ts'
import { evaluateSnippet } from './snippet-contents.ts'
import type { Download, StageContents } from './stage-contents.ts'

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

/** What the supervisor needs to know of all services together, where this image adds any. */
function sharedFiles({ definition, supervisor, services, snippets, parent }: ResolvedImage): ContentFile[] {
  const adds = !parent?.supervisor || snippets.some(({ snippet }) => snippet.services.length > 0)
  if (!supervisor?.shared || !adds) return []
  const origin = definition.supervisor?.location ?? definition.location
  const units = supervisor.shared([...services.values()].map((service) => service.definition))
  return units.map((unit) => unitFile(unit, origin))
}
