import type { AuthorizationRules } from './authorization.ts'
import type { Changes } from './changes.ts'
import type { ChunkFolder } from './chunk-folder.ts'
import type { InspectFlist } from './inspection.ts'
import type { Storage } from './storage.ts'

/** What every HTTP call of a twin works on. */
export type HubContext = {
  readonly storage: Storage
  readonly changes: Changes
  readonly chunks: ChunkFolder
  readonly inspectFlist: InspectFlist
  readonly rules: AuthorizationRules
  /** Aborted when the twin closes: nothing is stored after that. */
  readonly closing: AbortSignal
}
