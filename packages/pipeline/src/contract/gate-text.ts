import type { BootReport } from '@tf-images/vm'
import type { GateReport } from './gate.ts'

/** `ready after 8 s with tcg` */
export function bootText({ outcome, accelerator, milliseconds }: Omit<BootReport, 'console'>): string {
  return `${outcome} after ${Math.round(milliseconds / 1000)} s with ${accelerator.name}`
}

/** `kept, 1 warning; ready after 8 s with tcg` */
export function gateText({ lint, boot }: GateReport): string {
  const kept = lint.warnings === 0 ? 'kept' : `kept, ${lint.warnings} warning${lint.warnings === 1 ? '' : 's'}`
  return `${kept}; ${boot ? bootText(boot) : 'not started (--boot)'}`
}
