import { homedir } from 'node:os'
import { join } from 'node:path'
import { formatReport, type LegResult, parseSize, requireDiskSpace } from '@tf-images/pipeline'
import { registryLayers } from '@tf-images/pipeline/registry-layers'
import { convertLeg } from '@tf-images/pipeline/stages/convert-leg'
import { sourceReport } from '@tf-images/pipeline/stages/leg-result'
import { type ActionContext, PLATFORM } from '../action-context.ts'
import { openArtifacts } from '../artifacts.ts'
import { FailedImages } from '../failed-leg.ts'
import { InputReader, readConversion, readHub, readRegistry } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { runAsRoot } from '../root-process.ts'
import { writeSummary } from '../summary.ts'
import { findResult, keepFlists, keepResult, openWorkFolder } from '../work-folder.ts'

/** Converts what a leg built, or one source. What was converted is kept before a failure is thrown. */
export async function runConvert({ progress, signal }: ActionContext): Promise<void> {
  const { leg, source, name, registry, credentials, hub, conversion, verify, gate, boot, compare, ...rest } =
    readInputs()
  // What is started is extracted with its owners first.
  if (boot && (await runAsRoot('convert'))) return
  const work = openWorkFolder()
  const { minFree } = rest
  if (minFree !== undefined) await requireDiskSpace(work.path, minFree)
  const artifacts = openArtifacts()
  const built: LegResult = source
    ? { version: 1, stage: 'build', leg, images: [sourceReport(source, name)], failures: [] }
    : await findResult(work, artifacts, 'build', leg)
  const layers = rest.layerCache ? registryLayers({ credentials, folder: join(work.path, 'layers') }) : undefined
  const folder = work.leg(leg)
  const result = await convertLeg({
    built,
    folder,
    platform: PLATFORM,
    credentials,
    hub,
    ...conversion,
    verify,
    ...(compare ? { compare: { url: hub.url, ...(hub.user ? { user: hub.user } : {}) } } : {}),
    gate: gate && (boot ? { boot: { kernelCache: rest.kernelCache } } : {}),
    ...(layers ? { layers } : {}),
    ...(minFree === undefined ? {} : { minFree }),
    progress,
    signal,
  }).finally(() => layers?.close())
  await keepFlists(work, artifacts, leg)
  const path = await keepResult(work, artifacts, result)
  const last = result.images.at(-1)
  setOutputs('convert', {
    result: path,
    converted: result.images.length,
    ...(last?.conversion ? { flist: last.conversion.flist, 'tree-hash': last.conversion.treeHash } : {}),
  })
  for (const image of result.images) logLine(formatReport(image))
  const title = `Converted: ${built.images.map(({ name }) => name).join(', ') || 'nothing'}`
  await writeSummary({ title, images: result.images, failures: result.failures, registry })
  if (result.failures.length > 0) throw new FailedImages(result.failures)
}

function readInputs() {
  const reader = new InputReader('convert')
  const inputs = {
    ...readRegistry(reader),
    hub: readHub(reader, ''),
    leg: reader.name('leg'),
    source: reader.text('source'),
    name: reader.name('flist-name'),
    conversion: readConversion(reader),
    verify: reader.flag('verify'),
    gate: reader.flag('gate'),
    boot: reader.flag('boot'),
    compare: reader.flag('compare'),
    layerCache: reader.flag('layer-cache'),
    kernelCache: reader.text('kernel-cache') || join(homedir(), '.cache', 'flist', 'kernels'),
    minFree: reader.parsed('min-free', parseSize),
  }
  const { leg, source, name, gate, boot } = inputs
  if (boot && !gate)
    reader.refuse('"boot" is true and "gate" is false; what is started is compared with the boot contract')
  if (leg && source) reader.refuse('"leg" and "source" are both given; give one of them')
  if (!leg && !source) reader.refuse('neither "leg" nor "source" is given; give one of them')
  if (source && !name) reader.refuse('"source" without "flist-name"; say what the flist is to be called')
  if (name && !name.endsWith('.flist')) reader.refuse(`"flist-name": "${name}" does not end with .flist`)
  if (name && !source) reader.refuse('"flist-name" without "source"; the flists of a leg have their names')
  reader.check()
  return inputs
}
