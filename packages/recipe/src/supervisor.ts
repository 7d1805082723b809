import { RUNIT } from './runit.ts'

/** A service whose arguments are known and whose order among the services of the image is settled. */
export type ResolvedService = {
  readonly name: string
  readonly type: 'oneshot' | 'longrun'
  readonly exec: readonly string[]
  /** The long-running services that must be up before this one. */
  readonly after: readonly string[]
  /** The place of a one-shot in the order of the boot, from 1. */
  readonly position: number
}

/** A file that tells the supervisor about a service. */
export type ServiceUnit = { readonly target: string; readonly content: string; readonly mode: number }

/** What starts and watches the services of an image. */
export type Supervisor = {
  /** The snippet that installs it; it comes first in the image that chooses the supervisor. */
  readonly snippet: string
  readonly entrypoint: readonly string[]
  unit(service: ResolvedService): ServiceUnit
}

export type SupervisorName = 'runit'

export const SUPERVISORS: Readonly<Record<SupervisorName, Supervisor>> = { runit: RUNIT }
