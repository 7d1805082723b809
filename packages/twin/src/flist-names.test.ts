import { expect, test } from 'vitest'
import { isLostName, uploadedFileName } from './flist-names.ts'

test.each([
  ['sp ace.tar.gz', 'sp_ace.flist'],
  ['ünïcode.tar.gz', 'unicode.flist'],
  ['日本語.tar.gz', 'tar.gz.flist'],
  ['.tar.gz', 'tar.gz.flist'],
  ['../../../etc/trav.tar.gz', 'etc_trav.flist'],
  ['.hidden.tar.gz', 'hidden.flist'],
  ['.tag-evil.tar.gz', 'tag-evil.flist'],
  ['a.flist.tar.gz', 'a.flist'],
  ['double.tar.gz.tar.gz', 'double.tar.gz.flist'],
  ['semi;colon.tar.gz', 'semicolon.flist'],
  ['per%cent%2f.tar.gz', 'percent2f.flist'],
  ['plus+amp&.tar.gz', 'plusamp.flist'],
  ['foo.tar.gz.flist', 'foo.tar.gz.flist'],
  ['a.flist', 'a.flist'],
])('multipart file name %s is stored as %s', (sent, stored) => {
  expect(uploadedFileName(sent, undefined)).toBe(stored)
})

test.each([
  ['hdr sp ace?*', 'hdr sp ace?*.flist'],
  ['..', '...flist'],
  ['/', '.flist'],
  ['', '.flist'],
  ['.tag-hdr', '.tag-hdr.flist'],
  ['/home/me/x.flist', 'x.flist'],
  ['../../etc/passwd', 'passwd.flist'],
  ['wanted.tar.gz', 'wanted.flist'],
  ['Ã¼.flist', 'Ã¼.flist'],
])('header X-Original-Name %j wins, unsanitised: %s', (header, stored) => {
  expect(uploadedFileName('random.flist', header)).toBe(stored)
})

test('a name of more than 236 bytes before .flist is lost', () => {
  expect(isLostName(`${'n'.repeat(236)}.flist`)).toBe(false)
  expect(isLostName(`${'n'.repeat(237)}.flist`)).toBe(true)
})
