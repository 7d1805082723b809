import { RUNIT } from './runit.ts'
import { SYSTEMD } from './systemd.ts'
import { ZINIT } from './zinit.ts'

/** A service whose arguments are known and whose order among the services of the image is settled. */
export type ResolvedService = {
  readonly name: string
  readonly type: 'oneshot' | 'longrun'
  readonly exec: readonly string[]
  /** The long-running services that must be up before this one. */
  readonly after: readonly string[]
  /** The place of a one-shot in the order of the boot, from 1. */
  readonly position: number
  /** The one-shot before this one-shot, if any. */
  readonly previous?: string
  /** Units of a package that it stands in for. */
  readonly replaces: readonly string[]
}

/** A file that tells the supervisor about a service. */
export type ServiceUnit = { readonly target: string; readonly content: string; readonly mode: number }

/** What starts and watches the services of an image. */
export type Supervisor = {
  /** The snippet that installs it; it comes first in the image that chooses the supervisor. */
  readonly snippet: SupervisorName
  readonly entrypoint: readonly string[]
  /** The signal that asks it to stop, when that is not SIGTERM. */
  readonly stopSignal?: string
  unit(service: ResolvedService): ServiceUnit
  /** The files for all services together, those of the images below included; written again for every image. */
  shared?(services: readonly Pick<ResolvedService, 'name' | 'type'>[]): ServiceUnit[]
  /** Commands after the units of a snippet were copied. */
  enable?(services: readonly ResolvedService[]): string[]
}

export const SUPERVISOR_NAMES = ['runit', 'systemd', 'zinit'] as const

export type SupervisorName = (typeof SUPERVISOR_NAMES)[number]

export const SUPERVISORS: Readonly<Record<SupervisorName, Supervisor>> = {
  runit: RUNIT,
  systemd: SYSTEMD,
  zinit: ZINIT,
}
