import { expect, test } from 'vitest'
import { PipelineError } from '../errors.ts'
import { latestReports, legResult, parseLegResult, sourceReport } from './leg-result.ts'

const report = sourceReport('debian:12', 'debian.flist')

test('a result comes back as it was, and failures with their place', () => {
  const place = { file: 'recipes/a.yaml', line: 3, column: 1 }
  const error = new PipelineError('build-failed', 'a: does not build', { place })
  const result = legResult('build', '0-00', [report], [{ image: 'a', error }])
  expect(parseLegResult(JSON.stringify(result), 'there')).toEqual(result)
  expect(result.failures).toEqual([{ image: 'a', error: 'a: does not build', place }])
})

test.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ ...legResult('build', 'x', [report], []), version: 2 })],
  ['another stage', JSON.stringify({ ...legResult('build', 'x', [report], []), stage: 'steal' })],
  ['images that have no names', JSON.stringify({ ...legResult('build', 'x', [], []), images: [{}] })],
])('%s is no result', (_, text) => {
  expect(() => parseLegResult(text, 'there')).toThrow(/^there: is no result of this version; /)
})

test.each(['../../etc/passwd', '/etc/x.flist', 'a/b.flist'])('the name %j leads out of no folder', (flist) => {
  const text = JSON.stringify(legResult('build', 'x', [{ ...report, flist }], []))
  expect(() => parseLegResult(text, 'there')).toThrow(expect.objectContaining({ code: 'name-refused' }))
})

test('of each image the last stage counts', () => {
  const published = legResult('publish', 'x', [{ ...report, status: 'published' }], [])
  expect(latestReports([published, legResult('build', 'x', [report], [])])).toEqual(published.images)
})
