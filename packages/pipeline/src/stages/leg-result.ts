import { errorText } from '../error-text.ts'
import { PipelineError } from '../errors.ts'
import type { VmResult } from '../machine/bring-up-vm.ts'
import { checkPublishedNames } from '../publishing/published-names.ts'
import type { ImageReport } from '../report.ts'
import type { ImageFailure } from '../up.ts'

/** The jobs that a line is cut into where each is a machine of its own. */
export const stages = ['build', 'convert', 'publish', 'vm'] as const
export type StageName = (typeof stages)[number]

/** What went wrong with one image, as it is passed on. */
export type LegFailure = {
  readonly image: string
  readonly error: string
  /** Place in the recipes that it comes from. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number }
}

/** What one job did with the images of its leg; the next job begins from it. Plain JSON. */
export type LegResult = {
  readonly version: 1
  readonly stage: StageName
  readonly leg: string
  readonly images: readonly ImageReport[]
  readonly failures: readonly LegFailure[]
}

/** A result of reports and failures. */
export function legResult(
  stage: StageName,
  leg: string,
  images: readonly ImageReport[],
  failures: readonly ImageFailure[],
): LegResult {
  return { version: 1, stage, leg, images, failures: failures.map(legFailure) }
}

/** A failure without what only the process that had it can use. */
export function legFailure({ image, error }: ImageFailure): LegFailure {
  const place = error instanceof PipelineError ? error.place : undefined
  return { image, error: errorText(error), ...(place ? { place } : {}) }
}

/**
 * Reads a result. It was written by another job: its names become paths, so they are checked.
 *
 * @param at where it is from, for messages
 * @throws PipelineError 'bad-source', 'name-refused'
 */
export function parseLegResult(text: string, at: string): LegResult {
  const value: unknown = parsed(text, at)
  if (!isLegResult(value)) throw notAResult(at)
  for (const { flist, link } of value.images) checkPublishedNames(flist, linksOf(flist, link))
  return value
}

/** The names users follow; what has no name but its own has none. */
export function linksOf(flist: string, link: string): readonly string[] {
  return link === flist ? [] : [link]
}

function parsed(text: string, at: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notAResult(at, cause)
  }
}

function notAResult(at: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'bad-source',
    `${at}: is no result of this version; run the jobs of one workflow with one version of the actions`,
    { cause },
  )
}

function isLegResult(value: unknown): value is LegResult {
  if (!isObject(value) || value.version !== 1 || typeof value.leg !== 'string') return false
  if (!stages.some((stage) => stage === value.stage)) return false
  const { images, failures } = value
  if (!Array.isArray(images) || !Array.isArray(failures)) return false
  const hasNames = (image: unknown) =>
    isObject(image) && [image.name, image.flist, image.link, image.buildId].every((text) => typeof text === 'string')
  const hasText = (failure: unknown) => isObject(failure) && typeof failure.error === 'string'
  return images.every(hasNames) && failures.every(hasText)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** What is known of each image after all jobs: the last stage it came through. */
export function latestReports(results: readonly LegResult[]): readonly ImageReport[] {
  const ordered = [...results].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage))
  const latest = new Map(ordered.flatMap(({ images }) => images).map((image) => [image.name, image]))
  return [...latest.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** A report of something that was not built here: it begins with being converted. */
export function sourceReport(source: string, flist: string): ImageReport {
  const name = flist.replace(/\.flist$/, '')
  const decision = { action: 'convert', reason: 'asked for' } as const
  return { name, status: 'built', decision, buildId: '', base: '', source, flist, link: flist, durations: {} }
}

/** A virtual machine that was made, as the report of an image. */
export function vmReport({ name, conversion, publication, lint, boot, durations }: VmResult): ImageReport {
  const decision = { action: 'build', reason: 'made from its definition' } as const
  const { console: _, ...started } = boot
  const [linkUrl] = publication?.linkUrls ?? []
  return {
    name,
    status: publication ? 'published' : 'built',
    decision,
    buildId: '',
    base: '',
    flist: `${name}-vm.flist`,
    link: `${name}-vm.flist`,
    durations,
    conversion,
    gate: { lint, boot: started },
    ...(publication ? { publication, flistUrl: publication.url } : {}),
    ...(linkUrl ? { linkUrl } : {}),
  }
}
