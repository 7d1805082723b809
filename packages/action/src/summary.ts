import { appendFile, stat } from 'node:fs/promises'
import { formatBytes, formatSeconds, gateText, type ImageReport, type LegFailure } from '@tf-images/pipeline'
import { code, text } from './markdown.ts'

/** GitHub refuses the whole summary of a step that has more; in bytes. */
export const SUMMARY_LIMIT = 1024 * 1024

/** What a summary is made of. */
export type SummaryContent = {
  readonly title: string
  readonly images: readonly ImageReport[]
  readonly failures: readonly LegFailure[]
  /** What holds for all. */
  readonly notes?: readonly string[]
  /** Registry and hub that the commands to reproduce it need. */
  readonly registry?: string
}

/** Appends to the summary of the step; nothing where there is none. */
export async function writeSummary(content: SummaryContent): Promise<void> {
  const path = process.env.GITHUB_STEP_SUMMARY
  if (!path) return
  const { size } = await stat(path).catch(() => ({ size: 0 }))
  await appendFile(path, summaryMarkdown(content, SUMMARY_LIMIT - size))
}

/** The summary in at most as many bytes; what has no room is left out from the end, which is said. */
export function summaryMarkdown(content: SummaryContent, limit = SUMMARY_LIMIT): string {
  const { title, images, failures, notes = [] } = content
  const blocks = [
    `## ${text(title)}\n\n`,
    ...notes.map((note) => `> ${text(note)}\n\n`),
    ...failures.map(failureBlock),
    ...tableBlocks(images),
    ...images
      .filter(({ conversion, publication, storage }) => conversion ?? publication ?? storage)
      .map(detailsOf(content)),
  ]
  const cut = '\n**The rest has no room here; it is in the log.**\n'
  return fitted(blocks, cut, limit)
}

/** Joins blocks up to a number of bytes. */
export function fitted(blocks: readonly string[], cut: string, limit: number): string {
  const room = limit - Buffer.byteLength(cut)
  let bytes = 0
  const kept: string[] = []
  for (const block of blocks) {
    bytes += Buffer.byteLength(block)
    if (bytes > room) return limit > Buffer.byteLength(cut) ? `${kept.join('')}${cut}` : ''
    kept.push(block)
  }
  return kept.join('')
}

function failureBlock({ image, error, place }: LegFailure): string {
  const where = place ? ` (${code(`${place.file}:${place.line}`)})` : ''
  return `**${text(image)} failed**${where}\n\n<pre>${preformatted(error)}</pre>\n\n`
}

/** A row each, so that what has no room is a number of rows. */
function tableBlocks(images: readonly ImageReport[]): string[] {
  if (images.length === 0) return []
  const rows = images.map(({ name, status, decision, reference, linkUrl }) =>
    row([
      text(name),
      text(status),
      text(decision.reason),
      reference ? code(reference) : '',
      linkUrl ? link(linkUrl) : '',
    ]),
  )
  return ['| Image | Status | Why | Reference | Flist |\n| --- | --- | --- | --- | --- |\n', ...rows, '\n']
}

function detailsOf({ registry }: SummaryContent) {
  return (image: ImageReport): string => {
    const { name, conversion, publication, storage, gate, durations, flistUrl } = image
    const stored = publication?.storage ?? storage
    const rows: [string, string][] = []
    if (conversion) {
      const { files, bytes, flistBytes, treeHash, layers, fidelity } = conversion
      rows.push(['content', `${files} files, ${formatBytes(bytes)}; the flist has ${formatBytes(flistBytes)}`])
      if (layers)
        rows.push(['layers', `${layers.total - layers.cached} of ${layers.total} converted, the others known`])
      rows.push(['not in the flist', fidelityText(fidelity)], ['tree hash', code(treeHash)])
    }
    if (stored) {
      const { toSend, onBackend } = stored
      rows.push(['new', `${formatBytes(toSend.bytes)} in ${toSend.chunks} chunks`])
      rows.push(['shared', `${formatBytes(onBackend.bytes)} in ${onBackend.chunks} chunks that the hub had`])
    }
    if (gate) rows.push(['boot contract', text(gateText(gate))])
    if (flistUrl) rows.push(['this release', link(flistUrl)])
    const times = Object.entries(durations).map(([phase, time]) => `${phase} ${formatSeconds(time)}`)
    if (times.length > 0) rows.push(['time', text(times.join(', '))])
    const again = `./flist up ${name}${registry ? ` --registry ${registry}` : ''}`
    return `\n### ${text(name)}\n\n| | |\n| --- | --- |\n${rows.map(row).join('')}\nOn your machine: ${code(again)}\n`
  }
}

function fidelityText({ findings }: NonNullable<ImageReport['conversion']>['fidelity']): string {
  if (findings.length === 0) return 'nothing is missing'
  return text(findings.map((finding) => `${finding.class}: ${finding.count}`).join(', '))
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}

function link(url: string): string {
  return /^https?:\/\/[^\s<>"'()]+$/.test(url)
    ? `<a href="${text(url)}">${text(url.replace(/^.*\//, ''))}</a>`
    : text(url)
}

function preformatted(error: string): string {
  const shown = error.length > 8_000 ? `${error.slice(0, 8_000)}… (cut here; the whole text is in the log)` : error
  // An empty line would end the HTML for Markdown.
  return shown
    .split('\n')
    .map((line) => (line.trim() === '' ? ' ' : text(line)))
    .join('<br>')
}
