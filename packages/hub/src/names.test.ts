import { expect, test } from 'vitest'
import { checkStoredName, checkTagName, dockerFlistName, pathComponent, storedName } from './names.ts'

test.each(['a.flist', 'nginx-1.27-0a1b2c.flist', 'A_b-c.d.flist', `${'n'.repeat(230)}.flist`])(
  '%s is stored as it is',
  (name) => {
    expect(() => checkStoredName(name)).not.toThrow()
  },
)

test.each([
  ['nginx', 'does not end in ".flist"; append it'],
  ['nginx.tar.gz', 'does not end in ".flist"; append it'],
  ['', 'does not end in ".flist"; append it'],
  ['sp ace.flist', 'the hub would change it'],
  ['ünïcode.flist', 'the hub would change it'],
  ['a/b.flist', 'the hub would change it'],
  ['semi;colon.flist', 'the hub would change it'],
  ['line\n.flist', 'the hub would change it'],
  ['.flist', 'the hub would change it'],
  ['.tag-v1.flist', 'the hub would change it'],
  [`${'n'.repeat(231)}.flist`, '237 characters; the hub loses names of more than 236, shorten it'],
])('%j is refused: %s', (name, reason) => {
  expect(() => checkStoredName(name)).toThrow(
    expect.objectContaining({ code: 'name-refused', message: expect.stringContaining(reason) }),
  )
})

test.each(['', '.', '..', 'a/b', 'a\0', '\ud800'])('%j can not be part of a URL', (name) => {
  expect(() => pathComponent(name)).toThrow(expect.objectContaining({ code: 'name-refused' }))
})

test('other names are encoded', () => {
  expect(pathComponent('a b?#%é.flist')).toBe('a%20b%3F%23%25%C3%A9.flist')
})

// What a hub stored, measured.
test.each([
  ['a.flist', 'a.flist'],
  ['a', 'a.flist'],
  ['a.tar.gz', 'a.flist'],
  ['a.flist.tar.gz', 'a.flist'],
  ['double.tar.gz.tar.gz', 'double.tar.gz.flist'],
  ['../../etc/trav.flist', 'trav.flist'],
  ['/', '.flist'],
  ['..', '...flist'],
  ['hdr sp ace?*', 'hdr sp ace?*.flist'],
  ['ü.flist', 'Ã¼.flist'],
])('the header %j makes %j', (header, stored) => {
  expect(storedName(header)).toBe(stored)
})

test.each([
  ['nginx', 'nginx-latest.flist'],
  ['debian:12', 'debian-12.flist'],
  ['127.0.0.1:15000/debian:bookworm-slim', '127.0.0.1-15000-debian-bookworm-slim.flist'],
  ['127.0.0.1:15000/x', '127.0.0.1-15000-x.flist'],
  ['a/b@sha256:0123', 'a-b@sha256-0123.flist'],
])('the image %s becomes %s', (image, name) => {
  expect(dockerFlistName(image)).toBe(name)
})

test.each(['v1.0', 'stable', '2026-11'])('%s can be a tag', (name) => {
  expect(() => checkTagName(name)).not.toThrow()
})

test.each(['', 'v1.flist', '.v1', 'a b', 'a/b', 'promote', 'ü', 'n'.repeat(237)])('%j can not be a tag', (name) => {
  expect(() => checkTagName(name)).toThrow(expect.objectContaining({ code: 'name-refused' }))
})
