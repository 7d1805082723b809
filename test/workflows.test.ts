import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const folder = join(root, '.github', 'workflows')
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

type Step = { readonly uses?: string; readonly run?: string; readonly with?: Readonly<Record<string, unknown>> }
type Job = { readonly 'timeout-minutes'?: number; readonly permissions?: unknown; readonly steps: readonly Step[] }

function jobsOf(text: string): [string, Job][] {
  return Object.entries(parse(text).jobs)
}

test.each(workflows)('$name gives jobs no more than they say', ({ text }) => {
  expect(parse(text).permissions).toEqual({ contents: 'read' })
  for (const [name, job] of jobsOf(text)) expect(job['timeout-minutes'], name).toBeGreaterThan(0)
})

test.each(workflows)('$name pins the actions of others by commit', ({ text }) => {
  for (const [, job] of jobsOf(text)) {
    for (const { uses } of job.steps) {
      if (uses && !uses.startsWith('./')) expect(uses).toMatch(/^[^@]+@[0-9a-f]{40}$/)
    }
  }
})

test.each(workflows)('$name keeps no credentials after a checkout and puts no expression into a shell', ({ text }) => {
  for (const [, job] of jobsOf(text)) {
    for (const step of job.steps) {
      if (step.uses?.startsWith('actions/checkout@')) expect(step.with?.['persist-credentials']).toBe(false)
      expect(step.run ?? '').not.toContain('${{')
    }
  }
})

test('flists.yml builds an image of the recipes by default, and gives our action only inputs it has', () => {
  const workflow = parse(readFileSync(join(folder, 'flists.yml'), 'utf8'))
  const images = readdirSync(join(root, 'recipes', 'images'))
  expect(images).toContain(workflow.on.workflow_dispatch.inputs.image.default)
  const declared = Object.keys(parse(readFileSync(join(root, 'packages', 'action', 'action.yml'), 'utf8')).inputs)
  const ours = workflow.jobs.publish.steps.find(({ uses }: Step) => uses === './packages/action')
  for (const input of Object.keys(ours.with)) expect(declared).toContain(input)
})
