import {
  type Download,
  LOCK_FILE,
  type Lock,
  lockEntry,
  lockOf,
  type Recipes,
  type RenderedImage,
  readLock,
  snapshotBases,
  unhashedDownloads,
  usedBases,
} from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import { eachAtOnce } from './at-once.ts'
import { findBase } from './base-search.ts'
import { hashDownload } from './download-hash.ts'
import { errorText } from './error-text.ts'
import { PipelineError } from './errors.ts'
import { type Phase, PhaseRunner, type Progress } from './progress.ts'
import { formatBytes } from './quantity-text.ts'
import { type CredentialLookup, parseRegistryHost } from './settings.ts'

export type LockOptions = {
  /** Where images are pushed; bases that no public registry has are there. */
  readonly registry: string
  readonly platform: string
  readonly credentials: CredentialLookup
  /** What is locked now: kept for what can not be asked, and for the hashes of downloads that were loaded before. */
  readonly before?: Lock
  /** Which downloads are loaded whose hash the recipes leave to the lock: none, those without one, all. */
  readonly downloads: 'none' | 'new' | 'all'
  /** The date to take packages of, where a base takes them from a snapshot; else what is locked stays, and is today at first. */
  readonly snapshot?: string
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** A lock, and what could not be asked or loaded for it. */
export type LockResolution = { readonly lock: Lock; readonly problems: readonly string[] }

/** At the same time: bases that are asked for, and downloads that are loaded. */
const AT_ONCE = 4

/**
 * What a lock would say now: the digests of the bases as their registries give them, the hashes of downloads that it alone
 * can tell, and what the recipes hold. What can not be reached stays as it was locked, and is a problem.
 *
 * @throws the reason of the signal when that aborts
 */
export async function resolveLock(recipes: Recipes, options: LockOptions): Promise<LockResolution> {
  const phases = new PhaseRunner(LOCK_FILE, options.progress ?? (() => {}))
  const problems: string[] = []
  const digests = await resolveBases(recipes, options, phases, problems)
  const hashes = await resolveDownloads(recipes, options, phases, problems)
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  const dates = snapshotBases(recipes).map((name) => {
    return [name, options.snapshot ?? lockEntry(options.before?.snapshots, name) ?? `${today}T000000Z`] as const
  })
  return { lock: lockOf(recipes, digests, hashes, new Map(dates)), problems }
}

async function resolveBases(
  recipes: Recipes,
  options: LockOptions,
  phases: PhaseRunner,
  problems: string[],
): Promise<Map<string, string>> {
  const client = new RegistryClient({ credentials: options.credentials })
  const { platform, credentials, before } = options
  const search = { client, registryHost: parseRegistryHost(options.registry), credentials, platform }
  const digests = new Map<string, string>()
  try {
    await eachAtOnce(usedBases(recipes), AT_ONCE, options.signal, async ([name, reference]) => {
      const locked = lockEntry(before?.bases, name)
      if (locked?.reference === reference) digests.set(name, locked.digest)
      const text = `looking for the base ${name}`
      const problem = await attempt(phases, 'base', text, async () => {
        const found = await findBase({ kind: 'base', name, reference }, search)
        if (!found) return `base ${name}: no registry that can be reached has ${reference}`
        digests.set(name, found.digest)
        return undefined
      })
      if (problem !== undefined) problems.push(problem)
    })
  } finally {
    await client.close()
  }
  return digests
}

async function resolveDownloads(
  recipes: Recipes,
  { before, downloads, signal }: LockOptions,
  phases: PhaseRunner,
  problems: string[],
): Promise<Map<string, string>> {
  const wanted = unhashedDownloads(recipes)
  const known = wanted.flatMap(({ url }) => {
    const hash = lockEntry(before?.downloads, url)
    return hash === undefined ? [] : [[url, hash] as const]
  })
  const hashes = new Map(known)
  const isLoaded = ({ url }: Download) => downloads === 'all' || (downloads === 'new' && !hashes.has(url))
  await eachAtOnce(wanted.filter(isLoaded), AT_ONCE, signal, async ({ url, origin }) => {
    const problem = await attempt(phases, 'load', `loading ${url}`, async (report) => {
      const { sha256, bytes } = await hashDownload(url, {
        onBytes: (bytes) => report.update(`${formatBytes(bytes)} of ${url}`),
        ...(signal ? { signal } : {}),
      })
      hashes.set(url, sha256)
      report.line(`${url}: ${formatBytes(bytes)}, ${sha256}`)
      return undefined
    })
    if (problem !== undefined) problems.push(`${origin.file}:${origin.line}:${origin.column}: ${problem}`)
  })
  return hashes
}

/** Runs a phase of which a failure is a problem among others. */
async function attempt(
  phases: PhaseRunner,
  phase: Phase,
  text: string,
  body: Parameters<typeof phases.run<string | undefined>>[2],
): Promise<string | undefined> {
  const told = async (report: Parameters<typeof body>[0]) =>
    body(report).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'AbortError') throw error
      return errorText(error)
    })
  return phases.run(phase, text, told, (problem) => problem ?? text)
}

/**
 * The lock to build some images by; undefined when there is none and none is asked for.
 *
 * @throws PipelineError 'not-locked' when `frozen` and something of them is not as the lock says, naming all of it; RecipeError
 */
export async function lockToBuildBy(
  root: string,
  recipes: Recipes,
  images: readonly RenderedImage[],
  frozen: boolean,
): Promise<Lock | undefined> {
  const lock = await readLock(root)
  const faults = frozen ? new Set(images.flatMap((image) => lockFaults(image, recipes, lock))) : []
  const [first, ...more] = faults
  if (first === undefined) return lock
  throw new PipelineError(
    'not-locked',
    more.length === 0 ? first : `${LOCK_FILE} is behind:\n${[...faults].join('\n')}`,
  )
}

/** What of one image is not as the lock says, in words; parents are images of their own. */
export function lockFaults(
  { base, snippets, downloads, snapshot }: RenderedImage,
  recipes: Recipes,
  lock: Lock | undefined,
): readonly string[] {
  if (!lock) return [`there is no ${LOCK_FILE}; run: flist lock`]
  const fault = (what: string) => `${what} is not in ${LOCK_FILE} as it is now; run: flist lock`
  const reference = base.kind === 'base' ? recipes.bases.get(base.name)?.reference : undefined
  const isBaseLocked = base.kind === 'image' || lockEntry(lock.bases, base.name)?.reference === reference
  const moved = [...snippets].filter(([name, version]) => lockEntry(lock.snippets, name) !== version)
  const unknown = downloads.filter(({ url, sha256 }) => {
    const hash = lockEntry(lock.downloads, url)
    return hash === undefined || (sha256 !== undefined && hash !== sha256)
  })
  return [
    ...(isBaseLocked ? [] : [fault(`base ${base.name} (${reference})`)]),
    ...moved.map(([name, version]) => fault(`snippet ${name}${version === undefined ? '' : ` ${version}`}`)),
    ...unknown.map(({ url }) => fault(`download ${url}`)),
    ...(snapshot === undefined || lockEntry(lock.snapshots, snapshot) ? [] : [fault(`the snapshot of ${snapshot}`)]),
  ]
}
