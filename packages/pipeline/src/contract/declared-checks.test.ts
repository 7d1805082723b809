import type { TestRun } from '@tf-images/recipe'
import { expect, test } from 'vitest'
import { declaredChecks } from './declared-checks.ts'

const location = { file: 'recipes/images/web/image.yaml', line: 1, column: 1 }
const port = { kind: 'port', port: 80 } as const
const service = { kind: 'service', service: 'nginx' } as const

function run(change: Partial<TestRun> = {}, environment: Readonly<Record<string, string>> = {}): TestRun {
  const expected = [port, service].map((check) => ({ ...check, location }))
  const scenario = {
    name: 'a',
    location,
    environment: new Map(Object.entries(environment)),
    timeout: 60,
    expect: expected,
  }
  const services = new Map([['sshd', 'longrun'] as const])
  return { scenario, services, supervisor: 'systemd', ...change } as TestRun
}

test('checks of a container as it is are asked over SSH', () => {
  expect(declaredChecks([run({}, { A: 'b' }), run()])).toEqual([port, service])
})

test.each<[string, readonly TestRun[], readonly object[]]>([
  ['services of another supervisor than systemd are not asked for', [run({ supervisor: 'runit' })], [port]],
  ['nothing without a daemon to ask', [run({ services: new Map() })], []],
  ['nothing of containers with variables', [run({}, { A: 'b' })], []],
  ['nothing without tests', [], []],
])('%s', (_name, runs, checks) => expect(declaredChecks(runs)).toEqual(checks))
