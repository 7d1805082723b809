import { flistTargets } from './flist-targets.ts'
import { registryTargets } from './registry-targets.ts'
import { rootfsTargets } from './rootfs-targets.ts'
import type { Target } from './target.ts'

/** Everything that reads bytes of strangers. */
export async function allTargets(): Promise<Target[]> {
  return (await Promise.all([rootfsTargets(), flistTargets(), registryTargets()])).flat()
}
