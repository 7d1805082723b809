import { expect, test } from 'vitest'
import { type BuildEvent, createBuildProgress } from './build-progress.ts'
import type { DockerfileStep } from './dockerfile-steps.ts'
import { createRedactor } from './redaction.ts'

const steps: DockerfileStep[] = [
  { line: 1, keyword: 'FROM' },
  { line: 3, keyword: 'RUN' },
  { line: 9, keyword: 'COPY' },
]

function follow(streams: readonly string[], secrets: readonly string[] = []) {
  const events: BuildEvent[] = []
  const progress = createBuildProgress(steps, createRedactor(secrets), (event) => events.push(event))
  for (const stream of streams) progress.accept({ stream })
  return { events, texts: () => events.map(({ kind, text }) => `${kind}: ${text}`), end: progress.end }
}

const start = [
  'Step 1/3 : FROM a',
  '\n',
  ' ---> 06401357a36f\n',
  'Step 2/3 : RUN b',
  '\n',
  ' ---> Running in f3eaaa66d063\n',
]

test('steps carry the line of their instruction; the remarks of the builder are left out', () => {
  const { events, texts } = follow([...start, 'Removing intermediate container f3eaaa66d063\n', ' ---> 0a1af1c9694a\n'])
  expect(texts()).toEqual(['step: step 1/3: FROM a', 'step: step 2/3: RUN b'])
  expect(events[1]).toEqual({
    kind: 'step',
    text: 'step 2/3: RUN b',
    number: 2,
    total: 3,
    instruction: 'RUN b',
    line: 3,
  })
})

test('what a step prints is output, also when it looks like the builder', () => {
  const printed = [
    'Step 3/3 : no\nStep 9/9 : X\n',
    ' ---> 123456\n',
    'Successfully built 123456\n',
    '\u001b[91merr\n\u001b[0m',
    'no end',
  ]
  const { texts, end } = follow([...start, ...printed, 'Removing intermediate container f3eaaa66d063\n'])
  expect(texts().slice(2)).toEqual([
    'output: Step 3/3 : no',
    'output: Step 9/9 : X',
    'output:  ---> 123456',
    'output: Successfully built 123456',
    'output: err',
    'output: no end',
  ])
  expect(end()).toMatchObject({ succeeded: false, tail: expect.arrayContaining(['no end']) })
})

test('a step from the cache', () => {
  expect(follow(['Step 1/3 : FROM a', '\n', ' ---> Using cache\n', ' ---> 0a1af1c9694a\n']).texts()).toEqual([
    'step: step 1/3: FROM a',
    'cached: from the cache',
  ])
})

test('warnings of the builder before the first step are output', () => {
  expect(follow(['\u001b[91m[WARNING]: Empty continuation line found in:\n    ENV A=1\n\u001b[0m']).texts()).toEqual([
    'output: [WARNING]: Empty continuation line found in:',
    'output:     ENV A=1',
  ])
})

test('a step that the engine adds has no line', () => {
  const { events } = follow(['Step 1/4 : FROM a', 'Step 2/4 : RUN b', 'Step 3/4 : COPY c d', 'Step 4/4 : LABEL e=f'])
  expect(events.map((event) => (event.kind === 'step' ? event.line : ''))).toEqual([1, 3, 9, undefined])
})

test('secrets are hidden in instructions and output', () => {
  const streams = ['Step 1/3 : RUN a hunter22', ' ---> Running in f3eaaa66d063\n', 'hunter22\n', 'hun', 'ter22\n']
  expect(follow(streams, ['hunter22']).texts()).toEqual(['step: step 1/3: RUN a ***', 'output: ***', 'output: ***'])
})

test('the last twenty lines of the step are kept', () => {
  const { end } = follow([...start, Array.from({ length: 1000 }, (_, line) => `line ${line}\n`).join('')])
  expect(end().tail).toEqual(Array.from({ length: 20 }, (_, line) => `line ${980 + line}`))
})
