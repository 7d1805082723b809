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

test.each([
  new VmError('bootstrap-failed', 'x', { failure: 'disk-full' }),
  new VmError('tool-missing', 'x'),
  new Error('x'),
])('what no line is to blame for stays as it is: %s', (error) => {
  expect(definitionFailure(definition, error)).toBe(error)
})
