import type { FlistListing } from '@tf-images/hub'
import { expect, test } from 'vitest'
import { planPruning } from './pruning.ts'

const build = (number: number) => `${number}`.padStart(12, '0')
const regular = (name: string, updated: number): FlistListing => ({ name, type: 'regular', updated, size: '1.00 KB' })
const link = (name: string, target: string, updated = 0): FlistListing => ({
  name,
  type: 'symlink',
  updated,
  size: '1.00 KB',
  target,
})
const plan = (listing: readonly FlistListing[], keep: number, images: readonly string[] = [], protection = new Map()) =>
  Object.fromEntries(planPruning(listing, protection, { images, keep }).map(({ name, action }) => [name, action]))

test('each image keeps its own newest, whatever other images are called', () => {
  const listing = [
    link('debian.flist', `debian-${build(2)}.flist`),
    link('debian-12.flist', `debian-12-${build(4)}.flist`),
    ...[1, 2].map((number) => regular(`debian-${build(number)}.flist`, number)),
    ...[3, 4].map((number) => regular(`debian-12-${build(number)}.flist`, number)),
    regular('somebody-elses.flist', 0),
  ]
  expect(plan(listing, 1)).toEqual({
    [`debian-${build(2)}.flist`]: 'keep',
    [`debian-${build(1)}.flist`]: 'delete',
    [`debian-12-${build(4)}.flist`]: 'keep',
    [`debian-12-${build(3)}.flist`]: 'delete',
  })
  expect(Object.keys(plan(listing, 1, ['debian']))).toEqual([`debian-${build(2)}.flist`, `debian-${build(1)}.flist`])
})

test('what is led to through other links, or through the name of an equal build, stays', () => {
  const listing = [
    link('a.flist', 'stable.flist'),
    link('stable.flist', `a-${build(1)}.flist`),
    link(`a-${build(9)}.flist`, `a-${build(2)}.flist`),
    ...[1, 2, 3, 4].map((number) => regular(`a-${build(number)}.flist`, number)),
  ]
  const protection = new Map([[`a-${build(9)}.flist`, 'other.3bot/x.flist']])
  expect(plan(listing, 1, ['a'], protection)).toEqual({
    [`a-${build(4)}.flist`]: 'keep',
    [`a-${build(3)}.flist`]: 'delete',
    [`a-${build(2)}.flist`]: 'keep',
    [`a-${build(1)}.flist`]: 'keep',
  })
})

test('what an interrupted run left goes when it is an hour older than the newest, by the clock of the hub', () => {
  const [old, young] = ['a.01234567.upload.flist', 'a.89abcdef.upload.flist']
  const listing = [regular('a.flist', 10_000), regular(old, 6000), regular(young, 7000)]
  expect(plan(listing, 1)).toEqual({ [old]: 'delete', [young]: 'keep' })
})

test('images may be named by their links; those without a release are told, and nothing is planned', () => {
  const listing = [1, 2].map((number) => regular(`a-${build(number)}.flist`, number))
  expect(plan(listing, 1, ['a.flist'])).toEqual(plan(listing, 1, ['a']))
  expect(plan(listing, 1, ['a.flist'])).toHaveProperty(`a-${build(1)}.flist`, 'delete')
  expect(() => plan(listing, 1, ['a', 'b', 'c.flist'])).toThrow('"b", "c": no release of it in the account; see: ')
})
