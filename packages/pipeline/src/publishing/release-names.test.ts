import { expect, test } from 'vitest'
import {
  flistFileName,
  flistStem,
  isStagingName,
  isStagingNameOf,
  parseReleaseName,
  releaseFileName,
  stagingName,
} from './release-names.ts'

const build = '1a2b3c4d5e6f'

test.each([
  [undefined, `nginx-${build}.flist`],
  ['1.27.3', `nginx-1.27.3-${build}.flist`],
  ['v2', `nginx-2-${build}.flist`],
  ['1:2.3+dfsg-1~deb12', `nginx-1-2.3-dfsg-1-deb12-${build}.flist`],
  ['latest', `nginx-${build}.flist`],
  [`1.${'2'.repeat(100)}`, `nginx-1.${'2'.repeat(62)}-${build}.flist`],
])('version %s', (version, name) => {
  expect(releaseFileName({ image: 'nginx', build, ...(version === undefined ? {} : { version }) })).toBe(name)
})

test.each([
  [`nginx-${build}.flist`, 'nginx', { image: 'nginx', build }],
  [`nginx-1.27.3-${build}.flist`, 'nginx', { image: 'nginx', version: '1.27.3', build }],
  [`debian-12-${build}.flist`, 'debian-12', { image: 'debian-12', build }],
  [`debian-12-${build}.flist`, 'debian', { image: 'debian', version: '12', build }],
  [`debian-12-ssh-${build}.flist`, 'debian-12', undefined],
  ['nginx.flist', 'nginx', undefined],
  ['nginx-1a2b3c.flist', 'nginx', undefined],
  [`nginx-${build}.0123abcd.upload.flist`, 'nginx', undefined],
])('%s of %s', (name, image, parsed) => {
  expect(parseReleaseName(name, image)).toEqual(parsed)
})

test('staging names are told from others, and what they are for', () => {
  const staged = stagingName('nginx.flist', 'link')
  expect(staged).toMatch(/^nginx\.[0-9a-f]{8}\.link\.flist$/)
  expect(stagingName('nginx.flist', 'link')).not.toBe(staged)
  expect(isStagingName(staged)).toBe(true)
  expect(isStagingNameOf(staged, 'nginx.flist')).toBe(true)
  expect(isStagingNameOf(staged, 'nginx-2.flist')).toBe(false)
  expect(isStagingName('nginx.flist')).toBe(false)
})

test('names with and without their ending', () => {
  expect([flistFileName('a'), flistFileName('a.flist'), flistStem('a.flist'), flistStem('a')]).toEqual([
    'a.flist',
    'a.flist',
    'a',
    'a',
  ])
})
