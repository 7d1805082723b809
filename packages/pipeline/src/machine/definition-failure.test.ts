import { VmError } from '@tf-images/vm'
import { expect, test } from 'vitest'
import { PipelineError } from '../errors.ts'
import { definitionFailure } from './definition-failure.ts'

const file = 'recipes/vms/web/vm.yaml'
const place = (line: number) => ({ file, line, column: 5 })
const definition = {
  file,
  release: 'bookworm',
  kernel: 'linux-image-clod-amd64',
  packages: ['nginx', 'lesss'],
  steps: [],
  places: { release: place(3), kernel: place(4), packages: [place(6), place(7)] },
}
const remedy = 'correct its name, or add the component it is in'

test('each package that is not there, with the line that asks for it', () => {
  const cause = new VmError('bootstrap-failed', 'x', {
    failure: 'packages',
    packages: ['lesss', 'linux-image-clod-amd64', 'netplan.io'],
  })
  const failure = definitionFailure(definition, cause)
  expect(failure).toBeInstanceOf(PipelineError)
  expect(failure).toMatchObject({
    code: 'bad-definition',
    cause,
    place: place(7),
    message: [
      `${file}:7:5: the archive of "bookworm" has no package "lesss"; ${remedy}`,
      `${file}:4:5: the archive of "bookworm" has no package "linux-image-clod-amd64"; ${remedy}`,
      `${file}: needed by every machine: the archive of "bookworm" has no package "netplan.io"; ${remedy}`,
    ].join('\n'),
  })
})

test('a release that is not there', () => {
  const cause = new VmError('bootstrap-failed', 'bootstrap: 404; check the mirror', { failure: 'release' })
  expect(definitionFailure(definition, cause)).toMatchObject({
    code: 'bad-definition',
    place: place(3),
    message: `${file}:3:5: the archive has no release "bookworm" with these components; bootstrap: 404; check the mirror`,
  })
})

const snippet = (line: number) => ({ file: 'recipes/snippets/web/snippet.yaml', line, column: 5 })

test('a package that a snippet asks for, with the line of the snippet', () => {
  const asked = { ...definition, packages: ['nginxx'], places: { ...definition.places, packages: [snippet(9)] } }
  const cause = new VmError('bootstrap-failed', 'x', { failure: 'packages', packages: ['nginxx'] })
  expect(definitionFailure(asked, cause)).toMatchObject({
    place: snippet(9),
    message: `recipes/snippets/web/snippet.yaml:9:5: the archive of "bookworm" has no package "nginxx"; ${remedy}`,
  })
})

test('a command and a download that failed, with the line of the snippet', () => {
  const commands = [
    { text: 'true', place: snippet(11) },
    { text: 'false', place: snippet(12) },
  ]
  const load = { kind: 'download', url: 'http://a.example/a', sha256: 'x', target: '/a', mode: 0o644 } as const
  const steps = [{ kind: 'command', commands, environment: {} } as const, { ...load, place: snippet(20) }]
  const failed = (line: number, code: 'bootstrap-failed' | 'download-failed', text: string) =>
    definitionFailure({ ...definition, steps }, new VmError(code, text, { place: `${snippet(1).file}:${line}:5` }))
  expect(failed(12, 'bootstrap-failed', 'recipes/snippets/web/snippet.yaml:12:5: it ended')).toMatchObject({
    code: 'bad-definition',
    place: snippet(12),
    message: 'recipes/snippets/web/snippet.yaml:12:5: it ended',
  })
  expect(failed(20, 'download-failed', 'recipes/snippets/web/snippet.yaml:20:5: other hash')).toMatchObject({
    place: snippet(20),
    message: 'recipes/snippets/web/snippet.yaml:20:5: other hash',
  })
})

test.each([
  new VmError('bootstrap-failed', 'x', { failure: 'disk-full' }),
  new VmError('tool-missing', 'x'),
  new Error('x'),
])('what no line is to blame for stays as it is: %s', (error) => {
  expect(definitionFailure(definition, error)).toBe(error)
})
