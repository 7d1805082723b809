import { resolve } from 'node:path'
import { endGroup, info, setOutput, startGroup, summary } from '@actions/core'
import {
  bringUp,
  formatReport,
  formatSeconds,
  type ImageReport,
  type Progress,
  parseRegistryHost,
} from '@tf-images/pipeline'
import type { Inputs } from './inputs.ts'

/** Does the whole line for one image. Outputs are set before a failure is thrown. */
export async function run(inputs: Inputs, signal: AbortSignal): Promise<void> {
  const registryHost = parseRegistryHost(inputs.registry)
  const { credentials } = inputs
  const { reports, failures } = await bringUp({
    root: resolve(inputs.root),
    images: [inputs.image],
    registry: inputs.registry,
    hub: inputs.hub,
    workFolder: inputs.workFolder,
    platform: 'linux/amd64',
    credentials: async (registry) => (registry === registryHost ? credentials : undefined),
    progress: groupedProgress(),
    force: inputs.force,
    startupToml: inputs.startupToml,
    limits: inputs.limits,
    ...(inputs.strict ? { strict: inputs.strict } : {}),
    signal,
    ...(process.env.DOCKER_HOST ? { dockerHost: process.env.DOCKER_HOST } : {}),
  })
  const report = reports.find(({ name }) => name === inputs.image)
  if (report) setOutputs(report)
  setOutput('report', JSON.stringify(reports))
  for (const each of reports) info(formatReport(each))
  await writeSummary(reports)
  const [first] = failures
  if (first) throw first.error
}

function setOutputs(report: ImageReport): void {
  setOutput('status', report.status)
  setOutput('reason', report.decision.reason)
  setOutput('build-id', report.buildId)
  setOutput('reference', report.reference ?? '')
  setOutput('digest', report.reference?.split('@')[1] ?? '')
  setOutput('flist-url', report.flistUrl ?? '')
  setOutput('link-url', report.linkUrl ?? '')
  setOutput('tree-hash', report.conversion?.treeHash ?? '')
}

/** One log group per phase. */
function groupedProgress(): Progress {
  let started = 0
  let updated = 0
  return ({ image, phase, state, text }) => {
    const now = performance.now()
    if (state === 'start') {
      started = now
      startGroup(`${image}: ${phase}`)
      info(text)
    } else if (state === 'done') {
      info(`${text} (${formatSeconds(now - started)})`)
      endGroup()
    } else if (state === 'line' || now - updated > 2_000) {
      updated = now
      info(text)
    }
  }
}

async function writeSummary(reports: readonly ImageReport[]): Promise<void> {
  if (!process.env.GITHUB_STEP_SUMMARY) return
  const header = ['Image', 'Status', 'Why', 'Image reference', 'Flist'].map((data) => ({ data, header: true }))
  const rows = reports.map(({ name, status, decision, reference, linkUrl }) =>
    [name, status, decision.reason, reference ?? '', linkUrl ?? ''].map(escapeHtml),
  )
  await summary
    .addHeading('Flists', 2)
    .addTable([header, ...rows])
    .write()
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (char) => entities[char] ?? char)
}
