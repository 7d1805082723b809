import type { TestRun } from '@tf-images/recipe'
import type { BootCheck } from '@tf-images/vm'

/** The service of the snippet that lets root in with the key of the deployment. */
const sshService = 'sshd'

/**
 * Those of an image's tests that a container on a node can be asked: the ones of a container without variables of its own, over SSH, so of
 * images that start its daemon. Services are asked of systemd alone, as only it answers by their names.
 */
export function declaredChecks(runs: readonly TestRun[]): readonly BootCheck[] {
  const run = runs.find(({ scenario, services }) => scenario.environment.size === 0 && services.has(sshService))
  if (!run) return []
  return run.scenario.expect
    .filter(({ kind }) => kind !== 'service' || run.supervisor === 'systemd')
    .map(({ location: _, ...check }) => check)
}
