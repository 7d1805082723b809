import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, test } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const folder = join(root, '.github', 'workflows')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const workflows = readdirSync(folder).map((name) => ({ name, text: read(`.github/workflows/${name}`) }))
const actions = ['action.yml', ...readdirSync(join(root, 'actions')).filter((name) => name !== 'README.md')].map(
  (name) => {
    const path = name === 'action.yml' ? name : `actions/${name}/action.yml`
    return { path, text: read(path) }
  },
)

type Step = {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}
type Job = {
  readonly uses?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>>; readonly 'fail-fast': boolean }
  readonly steps?: readonly Step[]
}

const jobsOf = (text: string): [string, Job][] => Object.entries(parse(text).jobs)
const stepsOf = (text: string): Step[] => jobsOf(text).flatMap(([, { steps = [] }]) => steps)

type Action = { readonly inputs?: Readonly<Record<string, { readonly required?: boolean }>> }

/** Our actions as a step names them, in this repository and in the folder they are checked out to. */
const ours = (uses: string) => /^\.\/(?:\.tf-images\/)?(?:actions\/(\w+))?$/.exec(uses)

function metadataOf(uses: string): Action | undefined {
  const found = ours(uses)
  if (!found) return undefined
  return parse(read(found[1] ? `actions/${found[1]}/action.yml` : 'action.yml'))
}

/** What the language service of GitHub's editors says; it has not learnt of "queue" yet. */
async function problemsOf(path: string, text: string): Promise<string[]> {
  const document = TextDocument.create(`file:///${path}`, 'yaml', 1, text)
  const found = await validate(document, {
    fileProvider: { getFileContent: async ({ path: file }) => ({ name: file, content: read(file) }) },
  })
  return found
    .map(({ message, range }) => `${path}:${range.start.line + 1}: ${message}`)
    .filter((problem) => !/Unexpected value 'queue'/.test(problem))
}

test.each(workflows)("$name has nothing wrong for GitHub's own parser", async ({ name, text }) => {
  expect(await problemsOf(`.github/workflows/${name}`, text)).toEqual([])
})

test.each(actions)("$path has nothing wrong for GitHub's own parser", async ({ path, text }) => {
  expect(await problemsOf(path, text)).toEqual([])
})

test('a workflow that is wrong is found', async () => {
  const text = 'on: push\njobs: { a: { runs-on: x, steps: [{ run: ls, nope: 1 }] } }\n'
  expect(await problemsOf('.github/workflows/wrong.yml', text)).toEqual([expect.stringContaining("'nope'")])
})

describe.each(workflows)('$name', ({ text }) => {
  test('gives jobs no more than they say', () => {
    expect(parse(text).permissions).toEqual({ contents: 'read' })
    for (const [name, job] of jobsOf(text)) if (!job.uses) expect(job['timeout-minutes'], name).toBeGreaterThan(0)
  })

  test('says of every right to write what it is for', () => {
    for (const line of text.split('\n')) if (/^\s+[a-z-]+: write\b/.test(line)) expect(line).toMatch(/write # \w+/)
  })

  test('uses of others the checkout alone, pinned by commit', () => {
    for (const { uses } of stepsOf(text)) {
      if (uses && !ours(uses)) expect(uses).toMatch(/^actions\/checkout@[0-9a-f]{40}$/)
    }
  })

  test('keeps no credentials after a checkout and puts no expression into a shell', () => {
    for (const step of stepsOf(text)) {
      if (step.uses?.startsWith('actions/checkout@')) expect(step.with?.['persist-credentials']).toBe(false)
      expect(step.run ?? '').not.toContain('${{')
    }
  })

  test('gives our actions what they have, and all they require', () => {
    for (const step of stepsOf(text)) {
      const action = step.uses ? metadataOf(step.uses) : undefined
      if (!action) continue
      const given = Object.keys(step.with ?? {})
      expect(Object.keys(action.inputs ?? {})).toEqual(expect.arrayContaining(given))
      const required = Object.entries(action.inputs ?? {}).filter(([, input]) => input.required)
      expect(given).toEqual(expect.arrayContaining(required.map(([name]) => name)))
    }
  })

  test('runs no matrix that may be empty, and lets no leg stop another', () => {
    for (const [name, { strategy, if: condition = '' }] of jobsOf(text)) {
      if (!strategy) continue
      expect(condition, name).toMatch(/!= '0'|!= '\[\]'/)
      expect(strategy['fail-fast'], name).toBe(false)
    }
  })
})

test('what a pull request runs has no secrets, and no right but to write its comment', () => {
  const { text } = workflows.find(({ name }) => name === 'pull-request.yml') ?? { text: '' }
  expect(text).not.toContain('secrets.')
  expect(Object.keys(parse(text).on)).toEqual(['pull_request'])
  const rights = jobsOf(text).flatMap(([, { permissions = {} }]) => Object.entries(permissions))
  expect(rights.filter(([, right]) => right === 'write').map(([name]) => name)).toEqual(['pull-requests'])
})

test('titles, branches and names of others are in no expression at all', () => {
  const theirs =
    /\$\{\{[^}]*github\.(head_ref|event\.(pull_request\.(title|body|head\.(ref|label))|issue|comment|head_commit))/
  for (const { name, text } of workflows) expect(text, name).not.toMatch(theirs)
})

test('publishing waits for its turn, loses none and is never cut off', () => {
  for (const name of ['images.yml', 'machines.yml', 'release.yml']) {
    const { concurrency } = parse(read(`.github/workflows/${name}`))
    expect(concurrency).toMatchObject({ 'cancel-in-progress': false, queue: 'max' })
  }
})

test('the publishing jobs use nothing but the actions of this repository', () => {
  const { publish } = parse(read('.github/workflows/images.yml')).jobs
  expect(publish.steps.map(({ uses }: Step) => uses?.replace(/@.*/, ''))).toEqual([
    'actions/checkout',
    './.tf-images/actions/publish',
  ])
})
