import type { ChunkReader } from '@tf-images/flist'
import type { BootCheck, BootReport, FindingCode, LintReport } from '@tf-images/vm'
import { PipelineError } from '../errors.ts'
import type { PhaseRunner } from '../progress.ts'
import { examine } from './examine.ts'
import { bootText } from './gate-text.ts'
import { startSource } from './start.ts'

/** What a flist has to pass before it is published; the comparison with the boot contract always. */
export type GateOptions = {
  /** Starts it as well, as zos does. Needs root, and what `flist boot` needs. */
  readonly boot?: {
    /** Folder in which the kernel of containers is kept. */
    readonly kernelCache: string
    /** What must hold when it runs, looked at over SSH; without any it has to keep running. */
    readonly checks?: readonly BootCheck[]
    readonly timeout?: number
  }
}

/** How a flist passed. */
export type GateReport = {
  readonly lint: LintReport
  readonly boot?: Omit<BootReport, 'console'>
}

export type GatedFlist = {
  readonly flist: string
  /** Chunk store that has its chunks. */
  readonly chunks: string
  /** What has all of them, where that store has only some; it can not be started from there then. */
  readonly contents?: ChunkReader
  /** What messages blame: the file that it is made from. */
  readonly place: string
}

/**
 * Lets a flist pass that zos starts. What is looked at, and started, is the flist with the chunks that are published after this.
 *
 * @throws PipelineError 'not-bootable' with every error, its place and its remedy; VmError when it can not be tried
 */
export async function passGate(
  { flist, chunks, contents, place }: GatedFlist,
  { boot }: GateOptions,
  phases: PhaseRunner,
  signal?: AbortSignal,
): Promise<GateReport> {
  const call = signal ? { signal } : {}
  const lint = await phases.run(
    'lint',
    'comparing with the boot contract',
    async ({ line }) => {
      const report = await examine(flist, { chunks: contents ?? chunks, ...call })
      for (const text of findingLines(report)) line(text)
      return report
    },
    ({ errors, warnings }) => `${errors} errors, ${warnings} warnings`,
  )
  requireContract(place, lint)
  if (!boot) return { lint }
  const { kernelCache, checks = [], timeout } = boot
  const report = await phases.run(
    'boot',
    'starting it as zos does',
    ({ update }) =>
      startSource(flist, {
        chunks,
        kernelCache,
        checks,
        onLine: ({ text }) => update(text.trim()),
        ...(timeout === undefined ? {} : { timeout }),
        ...call,
      }),
    bootText,
  )
  if (report.outcome !== 'ready') throw notReady(place, `it was not ready: ${report.reason ?? report.outcome}`)
  const { console: _, ...started } = report
  return { lint, boot: started }
}

/** Leaves a warning where there would have been a report. */
export async function warnUngated(phases: PhaseRunner): Promise<undefined> {
  const text = 'warning: not compared with the boot contract, as asked for; zos may not start it'
  await phases.run('lint', 'left out', async ({ line }) => line(text))
}

/** Each finding in a line. */
export function findingLines({ findings }: LintReport): string[] {
  return findings.map(({ severity, code, path, evidence }) => `${severity} ${code} ${pathText(path)}: ${evidence}`)
}

/**
 * @param placeOf a place that is more to blame for a finding than the file
 * @throws PipelineError 'not-bootable' with every error
 */
export function requireContract(
  place: string,
  { findings }: LintReport,
  placeOf: (code: FindingCode) => string | undefined = () => undefined,
): void {
  const errors = findings.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  const lines = errors.map(({ code, path, evidence, explanation, remedy }) => {
    return `${placeOf(code) ?? place}: ${code} ${pathText(path)} (${evidence}): ${explanation}; ${remedy}`
  })
  throw new PipelineError('not-bootable', lines.join('\n'))
}

/** @param problem why a machine or a container that was started is not to be published */
export function notReady(place: string, problem: string): PipelineError {
  return new PipelineError('not-bootable', `${place}: ${problem}; nothing was published`)
}

/** Paths are bytes, and of who made the tree: no control characters reach a terminal. */
function pathText(path: string): string {
  return `/${Buffer.from(path, 'latin1')
    .toString('utf8')
    .replace(/[\p{Cc}\p{Cf}]/gu, '?')}`
}
