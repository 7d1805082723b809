import type { OnFault } from './activity.ts'
import type { AuthorizationRules } from './authorization.ts'
import type { Changes } from './changes.ts'
import type { ChunkFolder } from './chunk-folder.ts'
import type { FlistMaker } from './flist-maker.ts'
import type { InspectFlist } from './inspection.ts'
import type { Storage } from './storage.ts'

/** What every HTTP call of a twin works on. */
export type HubContext = {
  readonly storage: Storage
  readonly changes: Changes
  readonly chunks: ChunkFolder
  readonly inspectFlist: InspectFlist
  readonly flistMaker: FlistMaker | undefined
  readonly rules: AuthorizationRules
  /** Quirks of the hub are proper errors here, and every replacement is one step. */
  readonly strict: boolean
  /** The repositories that listings call official. */
  readonly official: readonly string[]
  /** Where others reach the twin. */
  readonly place: Place
  readonly onFault: OnFault
  /** Aborted when the twin closes: nothing is stored after that. */
  readonly closing: AbortSignal
}

/** Where others reach a twin, and the backend that the flists it makes name. */
export type Place = {
  readonly url: string
  readonly backend: { readonly host: string; readonly port: number; readonly namespace: string }
}
