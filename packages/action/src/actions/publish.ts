import { resolve } from 'node:path'
import { formatReport, type ImageReport, PhaseRunner } from '@tf-images/pipeline'
import { legFailure, legResult } from '@tf-images/pipeline/stages/leg-result'
import { publishLeg, publishOne } from '@tf-images/pipeline/stages/publish-leg'
import type { ActionContext } from '../action-context.ts'
import { openArtifacts } from '../artifacts.ts'
import { FailedImages } from '../failed-leg.ts'
import { InputReader, readHub, readRegistry } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { writeSummary } from '../summary.ts'
import { findFlists, findResult, keepResult, openWorkFolder } from '../work-folder.ts'

/** Publishes what a leg converted, or one flist. Outputs are set before a failure is thrown. */
export async function runPublish(context: ActionContext): Promise<void> {
  const inputs = readInputs()
  const { leg, registry, dryRun } = inputs
  const work = openWorkFolder()
  const artifacts = openArtifacts()
  const result = inputs.flist ? await publishFile(inputs, context) : await publishOfLeg()
  const path = await keepResult(work, artifacts, result)
  const last = result.images.at(-1)
  const failed = result.failures.length > 0
  setOutputs('publish', {
    result: path,
    status: failed ? 'failed' : dryRun ? 'planned' : 'published',
    published: result.images.filter(({ status }) => status === 'published').length,
    'flist-url': last?.flistUrl ?? '',
    'link-url': last?.linkUrl ?? '',
  })
  for (const image of result.images) logLine(formatReport(image))
  const title = dryRun ? 'Would be published' : 'Published'
  await writeSummary({ title, images: result.images, failures: result.failures, registry })
  if (failed) throw new FailedImages(result.failures)

  async function publishOfLeg() {
    const converted = await findResult(work, artifacts, 'convert', leg)
    if (converted.images.length === 0) return { ...converted, stage: 'publish' as const, failures: [] }
    const folder = await findFlists(work, artifacts, leg)
    const { hub, credentials, force } = inputs
    return publishLeg({ converted, folder, hub, credentials, force, dryRun, ...context })
  }
}

type Inputs = ReturnType<typeof readInputs>

async function publishFile({ flist, chunks, name, link, hub, force, dryRun, leg }: Inputs, context: ActionContext) {
  const { progress, signal } = context
  const phases = new PhaseRunner(name, progress)
  const images: ImageReport[] = []
  try {
    images.push(await publishOne({ flist, chunks, name, link, hub, force, dryRun }, phases, signal))
  } catch (error) {
    if (signal.aborted) throw error
    return { ...legResult('publish', leg, [], []), failures: [legFailure({ image: name, error })] }
  }
  return legResult('publish', leg, images, [])
}

function readInputs() {
  const reader = new InputReader('publish')
  const flist = reader.text('flist')
  const chunks = reader.text('chunks')
  const inputs = {
    ...readRegistry(reader),
    hub: readHub(reader, reader.secret('hub-token')),
    leg: reader.name('leg'),
    flist: flist && resolve(flist),
    chunks: chunks && resolve(chunks),
    name: reader.name('flist-name'),
    link: reader.name('link'),
    force: reader.flag('force'),
    dryRun: reader.flag('dry-run'),
  }
  const { leg, name, link } = inputs
  if (leg && flist) reader.refuse('"leg" and "flist" are both given; give one of them')
  if (!leg && !flist) reader.refuse('neither "leg" nor "flist" is given; give one of them')
  if (flist && !(chunks && name)) reader.refuse('"flist" needs "chunks" and "flist-name"')
  if (!flist && (chunks || name || link)) reader.refuse('"chunks", "flist-name" and "link" are for "flist" alone')
  if (inputs.force && inputs.dryRun) reader.refuse('"force" and "dry-run" are both true; a dry run forces nothing')
  reader.check()
  return inputs
}
