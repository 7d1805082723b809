import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { formatBytes, formatSeconds, type ImageReport, parseSize, requireDiskSpace } from '@tf-images/pipeline'
import { bringUpVm } from '@tf-images/pipeline/machine'
import { legFailure, legResult, vmReport } from '@tf-images/pipeline/stages/leg-result'
import type { ActionContext } from '../action-context.ts'
import { openArtifacts } from '../artifacts.ts'
import { FailedImages } from '../failed-leg.ts'
import { InputReader, readHub } from '../input-reader.ts'
import { logLine } from '../log.ts'
import { setOutputs } from '../outputs.ts'
import { runAsRoot } from '../root-process.ts'
import { writeSummary } from '../summary.ts'
import { keepResult, openWorkFolder } from '../work-folder.ts'

/** Time of the files of a machine where the commit has none: as for base images. */
const DEFAULT_EPOCH = 1_700_000_000

/** What a machine takes as a rule, its tree, its chunks and what is started. */
const MACHINE_BYTES = 2 * 1024 ** 3

/** Makes a virtual machine, starts it, and publishes what started. */
export async function runVm({ progress, signal }: ActionContext): Promise<void> {
  const inputs = readInputs()
  // A bootstrap makes devices and owners.
  if (await runAsRoot('vm')) return
  const work = openWorkFolder()
  await requireDiskSpace(work.path, inputs.minFree)
  const { name, hub, publish, options } = inputs
  const images: ImageReport[] = []
  const failures = []
  try {
    const result = await bringUpVm({
      ...options,
      name,
      workFolder: work.path,
      progress,
      signal,
      ...(publish ? { hub } : {}),
    })
    const report = vmReport(result)
    images.push(report)
    const { conversion, boot } = result
    setOutputs('vm', {
      flist: conversion.flist,
      'tree-hash': conversion.treeHash,
      'flist-url': report.flistUrl ?? '',
      'link-url': report.linkUrl ?? '',
      'boot-seconds': Math.round(boot.milliseconds / 1000),
    })
    logLine(
      `${name}: ${conversion.files} files, ${formatBytes(conversion.bytes)}; ready in ${formatSeconds(boot.milliseconds)}`,
    )
  } catch (error) {
    if (signal.aborted) throw error
    failures.push(legFailure({ image: name, error }))
  }
  const result = { ...legResult('vm', name, images, []), failures }
  setOutputs('vm', { result: await keepResult(work, openArtifacts(), result) })
  await writeSummary({ title: 'Virtual machine', images, failures })
  if (failures.length > 0) throw new FailedImages(failures)
}

function readInputs() {
  const reader = new InputReader('vm')
  const publish = reader.flag('publish')
  const hub = readHub(reader, reader.secret('hub-token'))
  if (publish && !hub.token) reader.refuse('"hub-token" missing; set it, or "publish: false"')
  const caches = join(homedir(), '.cache', 'flist')
  const [mirror, snapshot, keyring] = [reader.text('mirror'), reader.text('snapshot'), reader.text('keyring')]
  if (snapshot && !mirror) reader.refuse('"snapshot" without "mirror"; name the archive of the snapshots')
  const inputs = {
    name: reader.name('name'),
    hub,
    publish,
    minFree: reader.parsed('min-free', parseSize) ?? MACHINE_BYTES,
    options: {
      root: resolve(reader.text('root') || '.'),
      sourceDateEpoch: Number(process.env.SOURCE_DATE_EPOCH ?? DEFAULT_EPOCH),
      packageCache: resolve(reader.text('package-cache') || join(caches, 'packages')),
      kernelCache: resolve(reader.text('kernel-cache') || join(caches, 'kernels')),
      environment: proxies(),
      ...(mirror ? { mirror } : {}),
      ...(snapshot ? { snapshot } : {}),
      ...(keyring ? { keyring: resolve(keyring) } : {}),
    },
  }
  reader.check()
  return inputs
}

/** A bootstrap gets nothing else of this environment. */
function proxies(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
