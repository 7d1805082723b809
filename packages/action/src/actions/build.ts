import { join, resolve } from 'node:path'
import { formatReport, type ImageReport, parseSize, requireDiskSpace } from '@tf-images/pipeline'
import { legResult } from '@tf-images/pipeline/stages/leg-result'
import { bringUp } from '@tf-images/pipeline/up'
import { type ActionContext, engineOptions, PLATFORM } from '../action-context.ts'
import { openArtifacts } from '../artifacts.ts'
import { removeAtEnd } from '../cleanup.ts'
import { originOf } from '../commit.ts'
import { FailedImages } from '../failed-leg.ts'
import { InputReader, readRegistry } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { writeSummary } from '../summary.ts'
import { keepResult, openWorkFolder } from '../work-folder.ts'

/** Builds the images of a leg. The result is kept before a failure is thrown: what was built goes on without the rest. */
export async function runBuild({ progress, signal }: ActionContext): Promise<void> {
  const { images, leg, root, registry, credentials, force, push, cacheFrom, minFree } = readInputs()
  const work = openWorkFolder()
  if (minFree !== undefined) await requireDiskSpace(work.path, minFree)
  const { reports, failures } = await bringUp({
    root,
    images,
    // What they are built on is another leg's, and there by now; where nothing is pushed it is in no other place.
    only: push,
    registry,
    workFolder: work.path,
    platform: PLATFORM,
    credentials,
    progress,
    force,
    // The tag moves when the flist is published.
    moveTags: false,
    cacheFrom,
    ...(minFree === undefined ? {} : { minFree }),
    signal,
    ...(await originOf(root)),
    ...(push ? {} : { archiveFolder: join(work.path, 'images') }),
    ...engineOptions(),
  })
  const wanted = new Set(images)
  const built = reports.filter(({ name }) => wanted.has(name))
  const result = legResult('build', leg, built, failures)
  const path = await keepResult(work, openArtifacts(), result)
  setOutputs('build', { result: path, built: built.length, ...referenceOf(built.at(-1)) })
  for (const report of reports) {
    logLine(formatReport(report))
    removeAtEnd({ image: `${registry}/${report.name}:${report.buildId.slice(0, 12)}` })
  }
  await writeSummary({ title: `Built: ${images.join(', ')}`, images: built, failures: result.failures, registry })
  if (result.failures.length > 0) throw new FailedImages(result.failures)
}

function referenceOf(report: ImageReport | undefined): { reference?: string; digest?: string } {
  const { reference } = report ?? {}
  return reference === undefined ? {} : { reference, digest: reference.split('@')[1] ?? '' }
}

function readInputs() {
  const reader = new InputReader('build')
  const inputs = {
    ...readRegistry(reader),
    images: reader.names('images'),
    leg: reader.name('leg'),
    root: resolve(reader.text('root') || '.'),
    force: reader.flag('force'),
    push: reader.flag('push'),
    cacheFrom: reader.flag('cache-from'),
    minFree: reader.parsed('min-free', parseSize),
  }
  reader.check()
  return inputs
}
