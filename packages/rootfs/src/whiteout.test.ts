import { expect, test } from 'vitest'
import { classifyPath } from './whiteout.ts'

const AT = { archive: 'layer', offset: 0, entry: 'x' }

test.each([
  ['etc/passwd', { type: 'entry', path: 'etc/passwd' }],
  ['a.wh.b', { type: 'entry', path: 'a.wh.b' }],
  ['.whiteout', { type: 'entry', path: '.whiteout' }],
  ['.wh.a', { type: 'whiteout', path: 'a' }],
  ['etc/.wh.passwd', { type: 'whiteout', path: 'etc/passwd' }],
  ['.wh..hidden', { type: 'whiteout', path: '.hidden' }],
  ['.wh....', { type: 'whiteout', path: '...' }],
  ['.wh..wh..opq', { type: 'opaque', path: '' }],
  ['etc/.wh..wh..opq', { type: 'opaque', path: 'etc' }],
  ['.wh..wh.aufs', undefined],
  ['.wh..wh.orph', undefined],
  ['.wh..wh.orph/1.2', undefined],
  ['.wh..wh.plnk', undefined],
  ['.wh..wh.plnk/1.2', { type: 'entry', path: '.wh..wh.plnk/1.2' }],
  ['.wh..wh.plnk/deeper/1.2', undefined],
  ['etc/.wh..wh.x', undefined],
])('%s is %j', (path, change) => {
  expect(classifyPath(path, true, AT)).toEqual(change)
})

test('only files of aufs can be linked', () => {
  expect(classifyPath('.wh..wh.plnk/1.2', false, AT)).toBeUndefined()
})

test.each(['.wh.', 'etc/.wh.', '.wh..', '.wh...', 'etc/.wh...'])('%s names nothing that could be removed', (path) => {
  expect(() => classifyPath(path, true, AT)).toThrow('layer, entry "x" at byte 0: a whiteout must name what it removes')
})

test.each(['.wh.a/b', 'etc/.wh.a/.wh.b', '.wh.a/b/c'])('%s lies below a whiteout', (path) => {
  expect(() => classifyPath(path, true, AT)).toThrow('layer, entry "x" at byte 0: it lies below a whiteout')
})
