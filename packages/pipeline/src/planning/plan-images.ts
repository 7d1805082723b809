import type { ReadSettings } from '../publishing/hub-session.ts'
import type { CredentialLookup } from '../settings.ts'
import { bringUp } from '../up.ts'
import type { Plan, PlanLeg, PlannedImage } from './plan.ts'

export type PlanOptions = {
  readonly root: string
  readonly images: readonly string[]
  readonly registry: string
  readonly platform: string
  readonly credentials: CredentialLookup
  readonly hub?: ReadSettings
  readonly force?: boolean
  readonly limits?: { readonly legs?: number; readonly waves?: number }
  readonly signal?: AbortSignal
}

/** Until the planner is there: a dry run, one leg per image. */
export async function planImages(options: PlanOptions): Promise<Plan> {
  const { root, images, registry, platform, credentials, hub, force, signal } = options
  const { reports } = await bringUp({
    root,
    images,
    registry,
    platform,
    credentials,
    dryRun: true,
    workFolder: '/tmp/plan-adapter',
    progress: () => {},
    ...(force ? { force } : {}),
    ...(hub ? { hub: { gateway: '', backend: '', token: '', ...hub } } : {}),
    ...(signal ? { signal } : {}),
  })
  const planned = reports.map(
    ({ name, decision, link, base }): PlannedImage => ({
      name,
      action: decision.action,
      reasons: [{ kind: decision.action === 'nothing' ? 'current' : 'never-built', text: decision.reason }],
      link,
      base,
      wave: base.startsWith(registry) ? 1 : 0,
      cost: 1,
    }),
  )
  const work = planned.filter(({ action }) => action !== 'nothing')
  const legs = work.map(
    ({ name, wave }, n): PlanLeg => ({ id: `${wave}-${String(n).padStart(2, '0')}`, wave, images: [name], cost: 1 }),
  )
  return { version: 1, registry, platform, images: planned, legs, requests: 0, notes: [] }
}
