import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ChunkStore, checkFlist, openChunkStore, openFlist } from '@tf-images/flist'
import { loadVms, type VmDefinition } from '@tf-images/recipe/machines'
import type { BootReport, ConsoleLine, LintReport } from '@tf-images/vm'
import { notReady } from '../contract/gate.ts'
import { bootText } from '../contract/gate-text.ts'
import { startSource } from '../contract/start.ts'
import { type Conversion, convertSource } from '../convert.ts'
import { PipelineError } from '../errors.ts'
import { configMetadata, type ImageRuntimeConfig } from '../image-metadata.ts'
import type { StorageNeed } from '../image-raw.ts'
import { type Durations, PhaseRunner, type Progress } from '../progress.ts'
import { type Publication, publishFlist } from '../publishing/publish.ts'
import { formatBytes } from '../quantity-text.ts'
import { type HubSettings, parseBackend } from '../settings.ts'
import { openSource } from '../source.ts'
import { formatPlace } from './definition-failure.ts'
import { makeDisk, measureFiles } from './machine-disk.ts'
import { lockMachine } from './machine-lock.ts'
import { makeTree } from './machine-tree.ts'

export type VmOptions = {
  /** Folder that has `recipes/`. */
  readonly root: string
  readonly name: string
  /** Where the flist is published; without it the line ends with a flist that was booted. */
  readonly hub?: HubSettings
  /** Folder for the machine's tree (`vms/`), its flist (`flists/`) and the chunk cache (`chunks/`). */
  readonly workFolder: string
  /** URL of an archive, or of a snapshot of one. Default: the distribution's. */
  readonly mirror?: string
  /** Date of a snapshot below `mirror`, like `20260101T000000Z`. */
  readonly snapshot?: string
  /** File with the keys of the archive. Default: those the definition names, else those of this machine. */
  readonly keyring?: string
  /** Folder in which packages are kept for the next bootstrap. */
  readonly packageCache?: string
  /** No file is younger than this; seconds since the epoch. */
  readonly sourceDateEpoch: number
  /** Environment of the bootstrap, like `http_proxy`. */
  readonly environment?: Readonly<Record<string, string>>
  /** Makes a disk, an `image.raw`, of the machine, and starts and publishes that. */
  readonly imageRaw?: boolean
  /** Folder in which kernels are kept. */
  readonly kernelCache: string
  /** Milliseconds the start may take. */
  readonly bootTimeout?: number
  readonly onConsole?: (line: ConsoleLine) => void
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/** A machine that was made, started and, where a hub was given, published. */
export type VmResult = {
  readonly name: string
  readonly conversion: Conversion
  readonly lint: LintReport
  readonly boot: BootReport
  /** With a disk: what its files would take in the same store, and what it takes. */
  readonly storage?: { readonly tree: StorageNeed; readonly disk: StorageNeed }
  readonly publication?: Publication
  readonly durations: Durations
}

/**
 * The whole line for a virtual machine: bootstrap, lint, convert, check, boot, publish. What is started is the flist, extracted from
 * its chunks, so what is published are the very bytes that started; a machine with an error or a check that fails is not published.
 * A disk made of it goes the same way, and both are counted.
 *
 * @throws RecipeError, VmError, FlistError, HubError, PipelineError 'bad-settings', 'bad-definition', 'limit', 'not-bootable', 'busy'
 */
export async function bringUpVm(options: VmOptions): Promise<VmResult> {
  const definition = await findVm(options)
  const { workFolder } = options
  const phases = new PhaseRunner(definition.name, options.progress)
  const directory = join(workFolder, 'vms', definition.name)
  await using _lock = await lockMachine(directory)
  const lint = await makeTree(definition, directory, options, phases)
  const chunks = await openChunkStore(join(workFolder, 'chunks'))
  try {
    const kind = options.imageRaw ? 'image' : 'vm'
    const tree = options.imageRaw ? await measureFiles(directory, chunks, options, phases) : undefined
    const source = options.imageRaw ? await makeDisk(directory, options, phases) : directory
    const conversion = await convert(definition, `${definition.name}-${kind}`, source, chunks, options, phases)
    checkSize(definition, tree?.bytes ?? conversion.bytes)
    const boot = await start(definition, conversion.flist, options, phases)
    const storage = tree ? { storage: { tree, disk: conversion } } : {}
    const result = { name: definition.name, conversion, lint, boot, ...storage, durations: phases.durations }
    if (!options.hub) return result
    // Equal content has an equal name, so nothing that is published ever changes.
    const name = `${definition.name}-${kind}-${machineHash(conversion.contentHash, definition).slice(0, 12)}.flist`
    const request = { flist: conversion.flist, chunks, name, links: [`${definition.name}-${kind}.flist`] }
    return { ...result, publication: await publishFlist(request, options.hub, phases, options.signal) }
  } finally {
    await chunks.close()
  }
}

async function findVm({ root, name }: VmOptions): Promise<VmDefinition> {
  const vms = await loadVms(root)
  const found = vms.get(name)
  if (found) return found
  const known = vms.size > 0 ? `there are: ${[...vms.keys()].join(', ')}` : 'write recipes/vms/NAME/vm.yaml'
  throw new PipelineError('bad-settings', `no virtual machine "${name}" in the recipes; ${known}`)
}

/** @throws PipelineError 'limit' */
function checkSize({ file, size, places }: VmDefinition, bytes: number): void {
  if (size === undefined || bytes <= size * 1024 * 1024) return
  const place = places.size
  const problem = `its files have ${formatBytes(bytes)}, more than "size: ${size}" (MiB)`
  const message = `${place ? formatPlace(place) : file}: ${problem}; leave packages out, or raise the limit`
  throw new PipelineError('limit', message, place ? { place } : {})
}

async function convert(
  definition: VmDefinition,
  name: string,
  directory: string,
  chunks: ChunkStore,
  { workFolder, hub, imageRaw, signal }: VmOptions,
  phases: PhaseRunner,
): Promise<Conversion> {
  const output = join(workFolder, 'flists', `${name}.flist`)
  await mkdir(dirname(output), { recursive: true })
  const conversion = await phases.run(
    'convert',
    `converting ${directory}`,
    async ({ update }) => {
      const source = await openSource(directory)
      try {
        return await convertSource(source, output, chunks, {
          config: runtimeConfig(definition),
          onBytes: (bytes) => update(formatBytes(bytes)),
          ...(hub ? { backend: parseBackend(hub.backend) } : {}),
          ...(imageRaw ? { imageRaw } : {}),
          ...(signal ? { signal } : {}),
        })
      } finally {
        await source.close()
      }
    },
    ({ files, bytes, newChunks, newBytes }) =>
      `${files} files, ${formatBytes(bytes)}; ${newChunks} new chunks, ${formatBytes(newBytes)}`,
  )
  await phases.run('check', `checking ${output}`, async () => {
    using flist = await openFlist(output)
    const { problems } = await checkFlist(flist, chunks, signal ? { signal } : {})
    const [first] = problems
    if (first) throw new PipelineError('flist-damaged', `${output}: ${first.message}; convert it again`)
  })
  return conversion
}

async function start(
  definition: VmDefinition,
  flist: string,
  options: VmOptions,
  phases: PhaseRunner,
): Promise<BootReport> {
  const { workFolder, kernelCache, bootTimeout, onConsole, signal } = options
  const report = await phases.run(
    'boot',
    'starting it as zos does',
    ({ update }) =>
      startSource(flist, {
        chunks: join(workFolder, 'chunks'),
        kernelCache,
        memory: definition.memory,
        checks: definition.checks,
        onLine: (line) => {
          update(line.text.trim())
          onConsole?.(line)
        },
        ...(bootTimeout === undefined ? {} : { timeout: bootTimeout }),
        ...(signal ? { signal } : {}),
      }),
    bootText,
  )
  if (report.mode !== (options.imageRaw ? 'image' : 'vm') || report.outcome !== 'ready') {
    throw notReady(
      definition.file,
      `the machine was not ready: ${report.reason ?? `zos starts it as a ${report.mode}`}`,
    )
  }
  return report
}

/** What its snippets say of ports, volumes and variables; the same rows as the flist of an image has. */
function runtimeConfig({ ports, volumes, environment }: VmDefinition): ImageRuntimeConfig {
  return {
    ExposedPorts: Object.fromEntries(ports.map((port) => [port.includes('/') ? port : `${port}/tcp`, {}])),
    Volumes: Object.fromEntries(volumes.map((path) => [path, {}])),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  }
}

/** Of the files, and of the rows where there are any. */
function machineHash(contentHash: string, definition: VmDefinition): string {
  const rows = configMetadata(runtimeConfig(definition))
  if (Object.keys(rows).length === 0) return contentHash
  return createHash('sha256')
    .update(`${contentHash} ${JSON.stringify(rows)}`)
    .digest('hex')
}
