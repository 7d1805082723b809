import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, importImage, pushImage } from '@tf-images/engine'
import type { RenderedBase } from '@tf-images/recipe'
import { formatReference, parseReference, type Reference, RegistryClient, RegistryError } from '@tf-images/registry'
import { bootstrapDebian } from '@tf-images/vm'
import { PipelineError } from './errors.ts'
import type { PhaseReport } from './progress.ts'
import type { CredentialLookup } from './settings.ts'

/** A base of the recipes that is no image of theirs. */
export type ForeignBase = Extract<RenderedBase, { readonly kind: 'base' }>

/** A base image pinned for a build. */
export type PinnedBase = {
  /** `repository@sha256:…`: what FROM is given. */
  readonly reference: string
  readonly digest: string
  /** Where it came from, for people. */
  readonly origin: string
}

/** Where a base is looked for. */
export type BaseSearch = {
  readonly client: RegistryClient
  /** Registry that holds bootstrapped bases: the host part of where images are pushed. */
  readonly registryHost: string
  readonly credentials: CredentialLookup
  readonly platform: string
  /** Manifest digest that a lock pins the base to. */
  readonly locked?: string
  /** Called with every HTTP request to a public registry. */
  readonly onRequest?: () => void
}

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
  return pinned(local, await bootstrapBase(base, formatReference(local), options), 'bootstrapped now')
}

/**
 * The same, without making one: undefined when no registry has it.
 *
 * @throws RegistryError when the public registry answers but refuses
 */
export async function findBase(base: ForeignBase, options: BaseSearch): Promise<PinnedBase | undefined> {
  const named = parseReference(base.reference)
  const reference = options.locked === undefined ? named : { ...named, digest: options.locked }
  const published = await resolvePublic(reference, options)
  if (published) return pinned(reference, published, reference.registry)
  const local = { ...reference, registry: options.registryHost }
  const known = await options.client.head(local)
  return known && pinned(local, known.digest, 'bootstrapped earlier')
}

function pinned(reference: Reference, digest: string, origin: string): PinnedBase {
  const { registry, repository } = reference
  return { reference: formatReference({ registry, repository, digest }), digest, origin }
}

/** The digest a public registry gives for a tag; undefined where no such registry can be reached from here. */
async function resolvePublic(reference: Reference, options: BaseSearch): Promise<string | undefined> {
  // Asked once: where there is no way out, patience gives the same answer later.
  const { credentials, onRequest } = options
  const client = new RegistryClient({ credentials, retries: 0, ...(onRequest ? { onRequest } : {}) })
  try {
    return (await client.resolve(reference, options.platform)).digest
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'network') return undefined
    throw error
  } finally {
    await client.close()
  }
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
    const { release, components } = bootstrap
    const call = signal ? { signal } : {}
    await bootstrapDebian({ release, components, sourceDateEpoch, output, onProgress: report.update, ...call })
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
