import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { chooseFormat, routesOf } from './output-format.ts'

test.each([
  ['a.flist', undefined, 'flist'],
  ['a.flist', 'flist', 'flist'],
  ['a', undefined, 'flist'],
  ['dir.fl/a', undefined, 'flist'],
  ['a.fl', undefined, 'fl'],
  ['a.fl', 'fl', 'fl'],
])('%s with --format %s is a %s', (output, asked, format) => {
  expect(chooseFormat(output, asked)).toBe(format)
})

test.each([
  ['a.fl', 'flist', '"a.fl" is no name for the format flist; end its name in .flist or leave --format out'],
  ['a.flist', 'fl', '"a.flist" is no name for the format fl; end its name in .fl or leave --format out'],
  ['a', 'fl', '"a" is no name for the format fl; end its name in .fl or leave --format out'],
])('%s with --format %s is refused', (output, asked, message) => {
  expect(() => chooseFormat(output, asked)).toThrow(expect.objectContaining({ code: 'bad-settings', message }))
})

test.each([
  ['./chunks', undefined, `dir://${resolve('chunks')}`],
  ['/srv/chunks', undefined, 'dir:///srv/chunks'],
  ['dir:///srv/chunks', undefined, 'dir:///srv/chunks'],
  ['zdb://localhost:9900/images', undefined, 'zdb://localhost:9900/images'],
  ['./chunks', 'zdb://hub.example:9900/images', 'zdb://hub.example:9900/images'],
])('chunks in %s with --backend %s are read from %s', (chunks, backend, url) => {
  expect(routesOf(chunks, backend)).toEqual([{ start: 0, end: 255, url }])
})

test('a directory that rfs cannot name is refused, and so is what is no address', () => {
  expect(() => routesOf('/srv/my chunks')).toThrow(expect.objectContaining({ code: 'bad-settings' }))
  expect(() => routesOf('./chunks', 'hub.example')).toThrow('"hub.example" is no address')
})
