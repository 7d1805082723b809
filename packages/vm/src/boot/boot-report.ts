import type { BootMode } from '../contract/boot-mode.ts'
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
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3)
  const notChecked = report.reason ?? ''
  const started = report.outcome === 'ready' || report.checks.length > 0
  const cases = [
    { name: `starts as ${report.mode}`, milliseconds: report.milliseconds, failure: started ? '' : notChecked },
    ...report.checks.map((check) => ({ ...check, failure: check.passed ? '' : check.detail })),
  ]
  const failures = cases.filter(({ failure }) => failure !== '').length
  const lines = cases.map(
    ({ name: caseName, milliseconds, failure }) =>
      `  <testcase classname="${xml(name)}" name="${xml(caseName)}" time="${seconds(milliseconds)}"${
        failure === '' ? '/>' : `><failure message="${xml(failure)}"/></testcase>`
      }`,
  )
  const { console: recorded } = report
  const output = recorded.map(({ at, text }) => `[${seconds(at)}] ${text}`).join('\n')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${xml(name)}" tests="${cases.length}" failures="${failures}" time="${seconds(report.milliseconds)}">`,
    ...lines,
    `  <system-out>${xml(output)}</system-out>`,
    '</testsuite>',
    '',
  ].join('\n')
}

function xml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // Characters that XML 1.0 has no way to write.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it is about
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '').replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '?')
}
