import type { BootMode } from '../contract/boot-mode.ts'
import { formatJunit } from '../junit.ts'
import type { Accelerator } from './accelerator.ts'
import type { CheckResult } from './boot-check.ts'
import type { Stage } from './console-events.ts'
import type { ConsoleLine } from './console-log.ts'

/** How a start went. */
export type BootReport = {
  readonly mode: BootMode
  readonly accelerator: Accelerator
  /** `ready`: it started, and all checks passed. `timeout` tells what was seen last, `failed` what the console said. */
  readonly outcome: 'ready' | 'failed' | 'timeout'
  /** What is wrong; undefined for `ready`. */
  readonly reason: string | undefined
  /** In the order in which they were reached; milliseconds since the machine was started. */
  readonly stages: readonly { readonly stage: Stage | 'ssh'; readonly at: number }[]
  readonly checks: readonly CheckResult[]
  readonly milliseconds: number
  readonly console: readonly ConsoleLine[]
}

/** A JUnit report: the start is a test case, each check another. */
export function junitReport(name: string, report: BootReport): string {
  const started = report.outcome === 'ready' || report.checks.length > 0
  const failure = started ? '' : (report.reason ?? '')
  const cases = [
    { name: `starts as ${report.mode}`, milliseconds: report.milliseconds, failure },
    ...report.checks.map((check) => ({ ...check, failure: check.passed ? '' : check.detail })),
  ]
  const { console: recorded } = report
  const output = recorded.map(({ at, text }) => `[${(at / 1000).toFixed(3)}] ${text}`).join('\n')
  return formatJunit([{ name, milliseconds: report.milliseconds, cases, output }])
}
