import { formatBytes, formatSeconds, type ImageReport, type LegFailure } from '@tf-images/pipeline'
import { COMMENT_LIMIT, MARKER } from './comment.ts'
import { code, text } from './markdown.ts'

/** What a comment is made of. */
export type PullRequestContent = {
  readonly images: readonly ImageReport[]
  readonly failures: readonly LegFailure[]
  /** Unified diff of the rendered Dockerfiles. */
  readonly difference?: string | undefined
}

/** Packages of one image that are listed, of each kind. */
const MOST_PACKAGES = 40
/** UTF-16 units of the rendered difference. */
const DIFFERENCE_ROOM = 30_000

/** What a pull request changes, for people: per image sizes, chunks and packages, then the rendered difference. */
export function pullRequestMarkdown({ images, failures, difference }: PullRequestContent): string {
  const parts = [
    images.length + failures.length === 0 ? 'No image changes.\n' : '',
    ...failures.map(({ image, error }) => `**${text(image)} failed**: ${text(error.slice(0, 2_000))}\n\n`),
    sizeTable(images),
    ...images.map(packagesOf),
    renderedDifference(difference),
  ]
  const cut = '\nThe rest has no room here; it is in the summary of the run.\n'
  let rest = COMMENT_LIMIT - MARKER.length - cut.length - 1
  const kept: string[] = []
  for (const part of parts) {
    rest -= part.length
    if (rest < 0) return `${kept.join('')}${cut}`
    kept.push(part)
  }
  return kept.join('')
}

function sizeTable(images: readonly ImageReport[]): string {
  const rows = images.flatMap(({ name, conversion, difference, gate }) => {
    if (!conversion) return []
    const change = difference?.before ? signed(conversion.bytes - difference.before.bytes) : 'new'
    const chunks = difference?.chunks
    const shared = chunks ? `${formatBytes(chunks.newBytes)} new, ${formatBytes(chunks.sharedBytes)} shared` : ''
    const started = gate?.boot ? formatSeconds(gate.boot.milliseconds) : ''
    return [`| ${text(name)} | ${formatBytes(conversion.bytes)} | ${change} | ${shared} | ${started} |\n`]
  })
  if (rows.length === 0) return ''
  return `| Image | Size | Change | Chunks | Started in |\n| --- | --- | --- | --- | --- |\n${rows.join('')}\n`
}

function packagesOf({ name, difference }: ImageReport): string {
  if (!difference?.before) return ''
  const { added, removed, changed } = difference.packages
  if (added.length + removed.length + changed.length === 0) return ''
  const lines = [
    ...limited(added, ({ name: each, version }) => `- new: ${code(`${each} ${version}`)}\n`),
    ...limited(removed, ({ name: each, version }) => `- gone: ${code(`${each} ${version}`)}\n`),
    ...limited(changed, ({ name: each, from, to }) => `- ${code(each)}: ${text(from)} → ${text(to)}\n`),
  ]
  return `<details><summary>Packages of ${text(name)}</summary>\n\n${lines.join('')}\n</details>\n\n`
}

function limited<T>(items: readonly T[], format: (item: T) => string): string[] {
  const more = items.length - MOST_PACKAGES
  return [...items.slice(0, MOST_PACKAGES).map(format), ...(more > 0 ? [`- and ${more} more\n`] : [])]
}

function renderedDifference(difference: string | undefined): string {
  if (!difference) return ''
  const shown =
    difference.length > DIFFERENCE_ROOM ? `${difference.slice(0, DIFFERENCE_ROOM)}\n… (cut here)\n` : difference
  // A fence that nothing in the difference can close.
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `<details><summary>Rendered Dockerfiles</summary>\n\n${fence}diff\n${shown}\n${fence}\n\n</details>\n`
}

function signed(bytes: number): string {
  if (bytes === 0) return 'none'
  return `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`
}
