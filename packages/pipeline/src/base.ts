import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, importImage, pushImage } from '@tf-images/engine'
import { formatReference, parseReference } from '@tf-images/registry'
import { bootstrapDebian } from '@tf-images/vm'
import { type BaseSearch, type ForeignBase, findBase, type PinnedBase, pinnedBase } from './base-search.ts'
import { PipelineError } from './errors.ts'
import type { PhaseReport } from './progress.ts'

export type BaseOptions = BaseSearch & {
  /** Only the locked digest will do. */
  readonly frozen?: boolean
  readonly engine: Engine
  readonly report: PhaseReport
  readonly signal?: AbortSignal
}

/** Time of every file of a bootstrapped base: the release date of the image model, not of a build. */
const sourceDateEpoch = 1_700_000_000

/**
 * Pins a base of the recipes to a digest. Where its public registry answers, to that registry's; where none does, to a base
 * that was bootstrapped from the distribution's archive and pushed under the same repository name to our own registry.
 *
 * @throws PipelineError 'not-locked'; RegistryError when the public registry answers but refuses; VmError, EngineError from the bootstrap
 */
export async function pinBase(base: ForeignBase, options: BaseOptions): Promise<PinnedBase> {
  const found = await findBase(base, options)
  if (found) return found
  const { locked, frozen, report, ...search } = options
  if (locked !== undefined) {
    const missing = `no registry that can be reached has ${base.reference} as it is locked, ${locked}`
    if (frozen) throw new PipelineError('not-locked', `${missing}; run: flist lock`)
    report.line(`${missing}: taking it as it is now`)
    return pinBase(base, { ...search, report })
  }
  const local = { ...parseReference(base.reference), registry: options.registryHost }
  return pinnedBase(local, await bootstrapBase(base, formatReference(local), options), 'bootstrapped now')
}

async function bootstrapBase(base: ForeignBase, reference: string, options: BaseOptions): Promise<string> {
  const { engine, report, platform, signal } = options
  const { bootstrap } = base
  if (!bootstrap) {
    throw new PipelineError(
      'bad-settings',
      `recipes/recipes.yaml: no registry answers for the base "${base.name}" (${base.reference}) and it has no "bootstrap"; add one or connect to the registry`,
    )
  }
  report.line(`no public registry answers for ${base.reference}: bootstrapping it from the distribution's archive`)
  const folder = await mkdtemp(join(tmpdir(), 'flist-base-'))
  try {
    const output = join(folder, 'root.tar')
    const { release, components, include, keyring } = bootstrap
    const call = signal ? { signal } : {}
    const archive = { release, components, ...(include ? { include } : {}), ...(keyring ? { keyring } : {}) }
    await bootstrapDebian({ ...archive, sourceDateEpoch, output, onProgress: report.update, ...call })
    await importImage(engine, createReadStream(output), reference, { changes: ['CMD ["bash"]'], platform, ...call })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const credentials = await options.credentials(options.registryHost)
  const pushed = await pushImage(engine, reference, {
    onProgress: (event) => report.update(event.text),
    ...(credentials ? { credentials } : {}),
  })
  return pushed.digest
}
