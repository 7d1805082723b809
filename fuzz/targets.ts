import { flistTargets } from './flist-targets.ts'
import { pipelineTargets } from './pipeline-targets.ts'
import { registryTargets } from './registry-targets.ts'
import { rootfsTargets } from './rootfs-targets.ts'
import { storeTargets } from './store-targets.ts'
import type { Target } from './target.ts'

/** Everything that reads bytes of strangers. */
export async function allTargets(): Promise<Target[]> {
  const groups = await Promise.all([rootfsTargets(), flistTargets(), storeTargets(), registryTargets()])
  return [...groups.flat(), ...pipelineTargets()]
}
