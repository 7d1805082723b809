import { resolve } from 'node:path'
import { formatReport, type ImageReport, parseSize, requireDiskSpace } from '@tf-images/pipeline'
import { legFailure } from '@tf-images/pipeline/stages/leg-result'
import { bringUp, bringUpDockerfile } from '@tf-images/pipeline/up'
import { type ActionContext, engineOptions, PLATFORM } from '../action-context.ts'
import { removeAtEnd } from '../cleanup.ts'
import { originOf } from '../commit.ts'
import { FailedImages } from '../failed-leg.ts'
import { InputReader, readConversion, readHub, readRegistry } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { writeSummary } from '../summary.ts'
import { openWorkFolder } from '../work-folder.ts'

/** The whole line for one image, in one step. Outputs are set before a failure is thrown. */
export async function runImage({ progress, signal }: ActionContext): Promise<void> {
  const inputs = readInputs()
  const work = openWorkFolder()
  const { image, registry, credentials, hub, force, conversion, minFree } = inputs
  if (minFree !== undefined) await requireDiskSpace(work.path, minFree)
  const options = {
    root: inputs.root,
    registry,
    hub,
    workFolder: work.path,
    platform: PLATFORM,
    credentials,
    progress,
    force,
    cacheFrom: inputs.cacheFrom,
    ...(minFree === undefined ? {} : { minFree }),
    ...conversion,
    ...(inputs.gate ? {} : { gate: false as const }),
    signal,
    ...(await originOf(inputs.root)),
    ...engineOptions(),
  }
  const { reports, failures } = inputs.dockerfile
    ? await bringUpDockerfile({ ...options, image, dockerfile: resolve(inputs.dockerfile) })
    : await bringUp({ ...options, images: [image] })
  const report = reports.find(({ name }) => name === image)
  if (report) setOutputs('image', outputsOf(report))
  setOutputs('image', { report: JSON.stringify(reports) })
  for (const each of reports) logLine(formatReport(each))
  for (const { name, buildId } of reports) removeAtEnd({ image: `${registry}/${name}:${buildId.slice(0, 12)}` })
  const failed = failures.map(legFailure)
  await writeSummary({ title: 'Flists', images: reports, failures: failed, registry })
  if (failed.length > 0) throw new FailedImages(failed)
}

function readInputs() {
  const reader = new InputReader('image')
  const inputs = {
    ...readRegistry(reader),
    hub: readHub(reader, reader.secret('hub-token')),
    image: reader.name('image'),
    dockerfile: reader.text('dockerfile'),
    root: resolve(reader.text('root') || '.'),
    force: reader.flag('force'),
    cacheFrom: reader.flag('cache-from'),
    gate: reader.flag('gate'),
    minFree: reader.parsed('min-free', parseSize),
    conversion: readConversion(reader),
  }
  if (inputs.dockerfile && reader.text('root') !== '.') {
    reader.refuse('"dockerfile" and "root" are both given; what is built comes from one of them')
  }
  reader.check()
  return inputs
}

function outputsOf(report: ImageReport) {
  return {
    status: report.status,
    reason: report.decision.reason,
    'build-id': report.buildId,
    reference: report.reference ?? '',
    digest: report.reference?.split('@')[1] ?? '',
    'flist-url': report.flistUrl ?? '',
    'link-url': report.linkUrl ?? '',
    'tree-hash': report.conversion?.treeHash ?? '',
  }
}
