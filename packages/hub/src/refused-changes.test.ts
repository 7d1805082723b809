import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { given, stateOf } from '../test/model-client.ts'
import type { HubClient } from './hub-client.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-refused-'))
  await writeFile(join(folder, 'new.tar.gz'), '3 30')
})
afterAll(() => rm(folder, { recursive: true }))

/** What a hub would do and its owner would regret: refused with nothing changed. */
describe('not sent', () => {
  test.each<[string, (hub: HubClient) => Promise<unknown>, string]>([
    [
      'a flist promoted onto itself',
      (hub) => hub.promote('alice', 'old', 'old.flist', { overwrite: true }),
      'name-refused',
    ],
    ['a flist promoted over another', (hub) => hub.promote('bob', 'his', 'old.flist'), 'is-a-file'],
    [
      'a flist promoted over a link',
      (hub) => hub.promote('bob', 'his', 'link.flist', { overwrite: true }),
      'is-a-link',
    ],
    ['a promotion of nothing', (hub) => hub.promote('bob', 'none', 'old.flist', { overwrite: true }), 'not-found'],
    ['a flist renamed over another', (hub) => hub.rename('old.flist', 'other.flist'), 'is-a-file'],
    ['a flist renamed over a link', (hub) => hub.rename('other.flist', 'link.flist', { overwrite: true }), 'is-a-link'],
    ['a flist renamed to its name', (hub) => hub.rename('old.flist', 'old.flist'), 'name-refused'],
    ['a rename of nothing', (hub) => hub.rename('none.flist', 'fresh.flist'), 'not-found'],
    ['a link to itself', (hub) => hub.link('link.flist', 'link.flist'), 'name-refused'],
    ['a crosslink to itself', (hub) => hub.crosslink('alice', 'link', 'link.flist'), 'name-refused'],
    ['a crosslink to nothing', (hub) => hub.crosslink('bob', 'none', 'link.flist'), 'not-found'],
    [
      'an archive onto a link',
      (hub) => hub.upload(join(folder, 'new.tar.gz'), 'link.flist', { expect: { regular: 3, fullsize: 30 } }),
      'is-a-link',
    ],
    ['a tag of nothing', (hub) => hub.tag('v1', 'b.flist', 'bob', 'none.flist'), 'not-found'],
    ['a tag whose name is a flist', (hub) => hub.tag('v1.flist', 'b.flist', 'bob', 'his.flist'), 'name-refused'],
    ['an entry that leads elsewhere', (hub) => hub.untag('v1', 'a.flist', 'bob', 'his.flist'), 'not-found'],
    ['an entry that is not there', (hub) => hub.untag('v2', 'a.flist', 'bob', 'his.flist'), 'not-found'],
    ['a taglink beside a flist', (hub) => hub.crosstag('old', 'alice', 'v1'), 'is-a-file'],
    ['a taglink named as a call', (hub) => hub.crosstag('promote', 'alice', 'v1'), 'name-refused'],
    ['a taglink that is not there', (hub) => hub.delete('none', { taglink: true }), 'not-found'],
    ['a taglink that is a flist', (hub) => hub.delete('old', { taglink: true }), 'is-a-file'],
    ['a merge of nothing', (hub) => hub.merge('both.flist', []), 'bad-options'],
    ['a merge of what is no flist', (hub) => hub.merge('both.flist', ['../etc/passwd']), 'name-refused'],
    ['a merge of what is not there', (hub) => hub.merge('both.flist', ['bob/his', 'bob/none']), 'not-found'],
    ['a merge over a flist', (hub) => hub.merge('old.flist', ['bob/his']), 'is-a-file'],
    ['an image that is none', (hub) => hub.docker('--privileged x'), 'name-refused'],
  ])('%s', async (_, change, code) => {
    const { model, hub } = await given()
    const before = stateOf(model)
    await expect(change(hub)).rejects.toMatchObject({ name: 'HubError', code })
    expect(stateOf(model)).toEqual(before)
    expect(model.effects).toEqual([])
  })

  test('a link that would close a circle', async () => {
    const { model, hub } = await given()
    await hub.link('link.flist', 'second.flist')
    await expect(hub.link('second.flist', 'link.flist')).rejects.toMatchObject({ code: 'name-refused' })
    expect(model.resolve('alice', 'link')).toBe('1 10 old')
  })

  test('a flist promoted onto itself through a link: it is there already', async () => {
    const { model, hub } = await given()
    await hub.promote('alice', 'link', 'old.flist', { overwrite: true })
    expect(model.effects).toEqual([])
  })
})

describe('success that is none', () => {
  test('an archive the hub can not read', async () => {
    const { hub } = await given()
    await writeFile(join(folder, 'bad.tar.gz'), 'garbage')
    const upload = hub.upload(join(folder, 'bad.tar.gz'), 'fresh.flist', { expect: { regular: 3, fullsize: 30 } })
    await expect(upload).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining(
        'could not read it (status 1, error null); what it has under the name now is broken',
      ),
    })
  })

  test('an archive of which less arrived than was sent', async () => {
    const { hub } = await given()
    const upload = hub.upload(join(folder, 'new.tar.gz'), 'fresh.flist', { expect: { regular: 4, fullsize: 40 } })
    await expect(upload).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('has 3 files of 30 bytes, the archive 4 of 40'),
    })
  })

  test('a merge of a broken flist: status 500, "success"', async () => {
    const { model, hub } = await given()
    model.store('bob', 'broken', 'garbage')
    await expect(hub.merge('both.flist', ['bob/his', 'bob/broken'])).rejects.toMatchObject({
      code: 'server',
      status: 500,
      message: expect.stringContaining('"success", which with this status is a failure'),
    })
  })

  test('an image that can not be pulled is a 500 that is not asked again', async () => {
    const { model, hub } = await given()
    await expect(hub.docker('none')).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('could not pull this image); check the name of the image'),
    })
    expect(model.effects).toHaveLength(1)
  })
})

test('an account without a repository is told to upload first, where the hub would break off', async () => {
  const { model, hub } = await given()
  model.repositories.delete('alice')
  for (const change of [
    () => hub.crosslink('bob', 'his', 'a.flist'),
    () => hub.tag('v1', 'a.flist', 'bob', 'his'),
    () => hub.crosstag('latest', 'bob', 'v1'),
  ]) {
    await expect(change()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('"alice" has no repository yet; upload a flist, which makes it'),
    })
  }
})

test('reading: contents, metadata, tags and links to them', async () => {
  const { model, hub } = await given()
  model.store('bob', 'broken', 'garbage')
  expect(await hub.contents('alice', 'link')).toEqual({
    regular: 1,
    symlink: 0,
    special: 0,
    fullsize: 10,
    files: [{ path: '/a', size: 1 }],
  })
  expect(await hub.contents('alice', 'none')).toBeUndefined()
  await expect(hub.contents('bob', 'broken')).rejects.toMatchObject({ code: 'unreadable' })
  expect(await hub.metadata('bob', 'his')).toEqual({ 'backend-forced': {} })
  expect(await hub.metadata('bob', 'none')).toBeUndefined()
  expect(await hub.tags('alice', 'v1')).toMatchObject([{ name: 'a.flist', target: 'alice/old.flist' }])
  await expect(hub.tags('alice', 'v2')).rejects.toMatchObject({ code: 'not-found' })
  expect(await hub.taglink('alice', 'stable')).toBe('alice/tags/v1')
  expect(await hub.taglink('alice', 'none')).toBeUndefined()
  expect(await hub.list('alice')).toMatchObject([
    { name: 'link.flist', type: 'symlink', target: 'old.flist' },
    { name: 'old.flist', type: 'regular' },
    { name: 'other.flist' },
    { name: 'stable', type: 'taglink' },
  ])
})

test('a docker image: the name is computed, the counters are those of the hub', async () => {
  const { hub } = await given()
  const counters = { regular: 2, symlink: 0, special: 0, fullsize: 20 }
  expect(await hub.docker('127.0.0.1:5000/a/nginx:1.27')).toEqual({
    name: '127.0.0.1-5000-a-nginx-1.27.flist',
    ...counters,
  })
  expect(await hub.docker('nginx')).toEqual({ name: 'nginx-latest.flist', ...counters })
})

test('two publishers of one name at once: each is told the truth, and what is there is whole', async () => {
  const { model, hub } = await given()
  const contents = ['5 50 mine', '6 60 hers']
  for (let round = 0; round < 10; round++) {
    const uploads = contents.map(async (text, at) => {
      const path = join(folder, `${at}.flist`)
      await writeFile(path, text)
      await hub.uploadFlist(path, 'shared.flist')
      return text
    })
    const results = await Promise.allSettled(uploads)
    const there = model.resolve('alice', 'shared')
    expect(contents).toContain(there)
    expect(results.some((result) => result.status === 'fulfilled' && result.value === there)).toBe(true)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'mismatch' })
    }
  }
})
