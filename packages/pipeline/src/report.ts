import type { GateReport } from './contract/gate.ts'
import { gateText } from './contract/gate-text.ts'
import type { Conversion } from './convert.ts'
import { fidelitySummary } from './fidelity/fidelity-text.ts'
import type { PlanAction } from './planning/plan.ts'
import type { Durations } from './progress.ts'
import type { Publication } from './publishing/publish.ts'
import type { StorageReport } from './publishing/storage-report.ts'
import { formatBytes, formatLayers, formatSeconds } from './quantity-text.ts'
import type { ImageDifference } from './stages/image-difference.ts'

/** What one image needed, and why, in words. */
export type Decision = { readonly action: PlanAction; readonly reason: string }

/** What happened to one image, for people and machines. */
export type ImageReport = {
  readonly name: string
  readonly status: 'published' | 'relinked' | 'built' | 'unchanged' | 'planned'
  readonly decision: Decision
  readonly buildId: string
  /** Pinned reference of the base. */
  readonly base: string
  /** `registry/repository@sha256:…`; absent in a dry run of an image that does not exist. */
  readonly reference?: string
  /** What to convert where it was not pushed: a `docker save` archive, or whatever a user named. */
  readonly source?: string
  /** Immutable name of its flist, and the name users follow. */
  readonly flist: string
  readonly link: string
  /** Absent where nothing is to be published. */
  readonly flistUrl?: string
  readonly linkUrl?: string
  readonly durations: Durations
  /** Present when the image was converted and published by this run. */
  readonly conversion?: Conversion
  readonly publication?: Publication
  /** Present when it was compared with what is published. */
  readonly difference?: ImageDifference
  /** Present when its publication was looked at and not done. */
  readonly storage?: StorageReport
  /** How it passed what stands before publishing; absent where that was left out. */
  readonly gate?: GateReport
}

/** The report as lines for a terminal or a log. */
export function formatReport(report: ImageReport): string {
  const rows: [string, string][] = [['status', `${report.status}: ${report.decision.reason}`]]
  if (report.reference) rows.push(['image', report.reference])
  if (report.flistUrl && report.linkUrl) rows.push(['flist', report.flistUrl], ['link', report.linkUrl])
  if (report.conversion) {
    const { files, directories, symlinks, specials, bytes, flistBytes, treeHash, layers } = report.conversion
    if (layers) rows.push(['conversion', formatLayers(layers)])
    rows.push([
      'content',
      `${files} files, ${directories} directories, ${symlinks} links, ${specials} devices; ${formatBytes(bytes)}`,
    ])
    rows.push(['flist size', formatBytes(flistBytes)], ['tree hash', treeHash])
    rows.push(['fidelity', fidelitySummary(report.conversion.fidelity)])
  }
  if (report.gate) rows.push(['boot contract', gateText(report.gate)])
  else if (report.publication) rows.push(['boot contract', 'not checked'])
  if (report.publication) {
    const { storage, sentBytes, outcome, reason } = report.publication
    const { toSend, onBackend } = storage
    if (outcome !== 'publish') rows.push(['publication', reason])
    rows.push(['new', `${formatBytes(toSend.bytes)} in ${toSend.chunks} chunks (${formatBytes(sentBytes)} sent)`])
    rows.push(['shared', `${formatBytes(onBackend.bytes)} in ${onBackend.chunks} chunks that the hub had`])
  }
  const times = Object.entries(report.durations).map(
    ([phase, milliseconds]) => `${phase} ${formatSeconds(milliseconds)}`,
  )
  rows.push(['time', times.join(', ')])
  const width = Math.max(...rows.map(([name]) => name.length))
  return [report.name, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)].join('\n')
}
