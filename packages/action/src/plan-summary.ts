import { appendFile } from 'node:fs/promises'
import type { Plan } from '@tf-images/pipeline'
import { text } from './markdown.ts'
import { fitted, SUMMARY_LIMIT } from './summary.ts'

/** Appends to the summary of the step what the plan is, and why. */
export async function writePlanSummary(plan: Plan): Promise<void> {
  const path = process.env.GITHUB_STEP_SUMMARY
  if (path) await appendFile(path, planMarkdown(plan))
}

/** The plan as Markdown: what is to be done first, then what is blocked; what needs nothing is counted. */
export function planMarkdown({ images, legs, notes }: Plan, limit = SUMMARY_LIMIT): string {
  const work = images.filter(({ action }) => action !== 'nothing')
  const current = images.length - work.length
  const rows = work.map(({ name, action, reasons }) => {
    const why = reasons.map((reason) => text(reason.text)).join('<br>')
    return `| ${text(name)} | ${action} | ${why} | ${legOf(name)} |\n`
  })
  const head = work.length > 0 ? ['| Image | What | Why | Leg |\n| --- | --- | --- | --- |\n', ...rows, '\n'] : []
  const blocks = [
    `## Plan: ${work.length === 0 ? 'nothing to do' : `${work.length} of ${images.length} images`}\n\n`,
    ...notes.map((note) => `> ${text(note)}\n\n`),
    ...head,
    `${current} of ${images.length} images are up to date.\n`,
  ]
  return fitted(blocks, '\n**The rest has no room here; it is in the log.**\n', limit)

  function legOf(name: string): string {
    return legs.find(({ images: names }) => names.includes(name))?.id ?? ''
  }
}
