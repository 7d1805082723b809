import { parseReference, type RegistryClient } from '@tf-images/registry'
import type { PhaseRunner } from './progress.ts'

/** The tag that moves with what is published. */
const MOVING_TAG = 'latest'

/**
 * Makes `latest` lead to an image, by its digest, when it leads elsewhere. To be done last: who pulls the tag gets what passed every
 * check.
 *
 * @param pinned `registry/repository@sha256:…`
 * @throws RegistryError
 */
export async function moveTag(
  client: Pick<RegistryClient, 'head' | 'tag'>,
  pinned: string,
  phases: PhaseRunner,
): Promise<void> {
  const reference = parseReference(pinned)
  const { registry, repository, digest = '' } = reference
  const found = await client.head({ registry, repository, tag: MOVING_TAG })
  if (found?.digest === digest) return
  await phases.run('tag', `${registry}/${repository}:${MOVING_TAG} leads to ${digest}`, () =>
    client.tag(reference, digest, MOVING_TAG),
  )
}
