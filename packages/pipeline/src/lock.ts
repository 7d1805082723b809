import {
  compareLockOffline,
  formatLockDifference,
  LOCK_FILE,
  type Lock,
  lockOf,
  type Recipes,
  readLock,
  usedBases,
} from '@tf-images/recipe'
import { RegistryClient } from '@tf-images/registry'
import { findBase } from './base.ts'
import { PipelineError } from './errors.ts'
import { type CredentialLookup, parseRegistryHost } from './settings.ts'

export type LockOptions = {
  /** Where images are pushed; bases that no public registry has are there. */
  readonly registry: string
  readonly platform: string
  readonly credentials: CredentialLookup
  readonly signal?: AbortSignal
}

/**
 * What a lock would say now: the digests of the bases as their registries give them, with what the recipes hold. One
 * question a base.
 *
 * @throws PipelineError 'bad-settings' naming all bases that no registry has; RegistryError
 */
export async function resolveLock(recipes: Recipes, options: LockOptions): Promise<Lock> {
  const client = new RegistryClient({ credentials: options.credentials })
  const { platform, credentials } = options
  const search = { client, registryHost: parseRegistryHost(options.registry), credentials, platform }
  const digests = new Map<string, string>()
  const missing: string[] = []
  try {
    for (const [name, reference] of usedBases(recipes)) {
      options.signal?.throwIfAborted()
      const found = await findBase({ kind: 'base', name, reference }, search)
      if (found) digests.set(name, found.digest)
      else missing.push(`"${name}" (${reference})`)
    }
  } finally {
    await client.close()
  }
  if (missing.length === 0) return lockOf(recipes, digests)
  throw new PipelineError('bad-settings', `no registry that can be reached has the base ${missing.join(', ')}`)
}

/**
 * The lock to build by; undefined when there is none and none is asked for.
 *
 * @throws PipelineError 'not-locked' when `frozen` and something is not as the lock says, naming all of it; RecipeError
 */
export async function lockToBuildBy(root: string, recipes: Recipes, frozen: boolean): Promise<Lock | undefined> {
  const lock = await readLock(root)
  if (!frozen) return lock
  if (!lock) throw new PipelineError('not-locked', `there is no ${LOCK_FILE}; run: flist lock`)
  const differences = compareLockOffline(lock, recipes).map(formatLockDifference)
  if (differences.length === 0) return lock
  throw new PipelineError('not-locked', `${LOCK_FILE} is behind; run: flist lock\n${differences.join('\n')}`)
}
