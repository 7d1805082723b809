import { cp, mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultsAt } from './fault-catalogue.ts'
import { type FaultEffect, Faults } from './faults.ts'
import { hubCalls } from './routes.ts'
import { askHub, call, publish, storeToyChunks, tarOf, testTwin, upload, uploadTar } from './test-twin.ts'
import { toyFlist } from './toy-flist.ts'
import type { Twin } from './twin.ts'

const USER = 'alice.3bot'
const ME = '/api/flist/me'

type Try = (twin: Twin, archive: Buffer) => Promise<number>

const get =
  (path: string, init: RequestInit = {}): Try =>
  async (twin) =>
    (await call(twin, path, USER, init)).status

/** One call of each name that does what it is for, on a hub with the flists `one` and `two`, a link and a tag. */
const SAMPLES: Readonly<Record<string, Try>> = {
  account: get(ME),
  'upload-flist': async (twin) => (await upload(twin, USER, 'one.flist', toyFlist({ file: 'new' }))).status,
  upload: async (twin, archive) => (await uploadTar(twin, USER, 'one.tar.gz', archive)).status,
  merge: get(`${ME}/merge/one`, { method: 'POST', body: JSON.stringify([`${USER}/two`]) }),
  docker: get(`${ME}/docker`, { method: 'POST', body: new URLSearchParams({ image: 'toy' }) }),
  'my-contents': get(`${ME}/one`),
  delete: get(`${ME}/one`, { method: 'DELETE' }),
  link: get(`${ME}/two/link/l`),
  rename: get(`${ME}/two/rename/one`),
  promote: get(`${ME}/promote/${USER}/two/one`),
  crosslink: get(`${ME}/l/crosslink/${USER}/two`),
  crosstag: get(`${ME}/stable/crosstag/${USER}/v1`),
  tag: get(`${ME}/v1/name/tag/${USER}/two`),
  untag: get(`${ME}/v1/name/tag/${USER}/two`, { method: 'DELETE' }),
  repositories: get('/api/repositories'),
  everything: get('/api/flist'),
  'every-listing': get('/api/fileslist'),
  list: get(`/api/flist/${USER}`),
  'tag-list': get(`/api/flist/${USER}/tags/v1`),
  contents: get(`/api/flist/${USER}/one`),
  info: async (twin) => {
    const answer = await askHub(twin, `INFO /api/flist/${USER}/one HTTP/1.1\r\nHost: hub\r\n\r\n`)
    if (!answer.includes('\r\n\r\n')) throw new Error('no whole answer')
    return Number(answer.split(' ')[1])
  },
  light: get(`/api/flist/${USER}/one/light`),
  taglink: get(`/api/flist/${USER}/stable/taglink`),
  metadata: get(`/api/flist/${USER}/one/metadata`),
  home: get('/'),
  'tag-page': get(`/${USER}/tags/v1`),
  'flist-page': get(`/${USER}/one.md`),
  'repository-page': get(`/${USER}`),
  'tag-download': get(`/${USER}/tags/v1/name.flist`),
  download: get(`/${USER}/one.flist`),
  md5: get(`/${USER}/one.flist.md5`),
  text: get(`/${USER}/one.txt`),
}

/** The hub fails to write this page, whatever happens. */
const BROKEN = ['json']

test('every call of the hub has a sample', () => {
  expect([...Object.keys(SAMPLES), ...BROKEN].sort()).toEqual(hubCalls.map(({ name }) => name).sort())
})

/** Everything in the repositories: path → bytes, or the text of a link. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found[path] = await readFile(path, 'latin1')
    if (entry.isSymbolicLink()) found[path] = `-> ${await readlink(path)}`
  }
  return found
}

/** What an effect must do to the answer, and whether the call may change anything. */
function expected(effect: FaultEffect): { answer: 'cut' | 'error' | 'any'; changes: 'none' | 'all' | 'any' } {
  switch (effect.kind) {
    case 'drop-request':
      return { answer: 'cut', changes: 'none' }
    case 'drop-response':
      return { answer: effect.after < 100 ? 'cut' : 'any', changes: 'all' }
    case 'error':
      return { answer: 'error', changes: effect.effect ? 'all' : 'none' }
    case 'full':
      return { answer: 'error', changes: 'none' }
    case 'forget':
      return { answer: 'any', changes: 'none' }
    case 'half-applied':
      return { answer: 'cut', changes: 'any' }
    default:
      return { answer: 'any', changes: 'any' }
  }
}

test.each(Object.entries(SAMPLES))('%s: each of its faults does what it says, and only once', async (name, attempt) => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  const users = join(twin.root, 'users')
  const saved = join(twin.root, 'saved')
  for (const text of ['one', 'two']) await publish(twin, USER, `${text}.flist`, text)
  await call(twin, `${ME}/one/link/l`, USER)
  await call(twin, `${ME}/v1/name/tag/${USER}/one`, USER)
  await call(twin, `${ME}/stable/crosstag/${USER}/v1`, USER)
  await storeToyChunks(twin, USER, ['new'])
  await cp(users, saved, { recursive: true, verbatimSymlinks: true })
  const archive = await tarOf({ file: 'x'.repeat(2000) })
  const before = await snapshot(users)
  const restore = async (): Promise<void> => {
    faults.reset()
    await rm(users, { recursive: true })
    await mkdir(users)
    await cp(saved, users, { recursive: true, verbatimSymlinks: true })
  }
  expect(await attempt(twin, archive)).toBe(200)
  const after = await snapshot(users)

  for (const effect of faultsAt({ server: 'hub', call: name })) {
    await restore()
    faults.add({ ...effect, server: 'hub', call: name, nth: 1 })
    const status = await attempt(twin, archive).catch(() => 'cut' as const)
    const { answer, changes } = expected(effect)
    const told = JSON.stringify(effect)
    expect(
      faults.log.map((entry) => entry.call),
      told,
    ).toEqual([name])
    if (answer === 'cut') expect(status, told).toBe('cut')
    if (answer === 'error') expect(status, told).toBe(500)
    const now = await snapshot(users)
    if (changes === 'none') expect(now, told).toEqual(before)
    if (changes === 'all') expect(now, told).toEqual(after)
    expect(await call(twin, ME, USER), told).toMatchObject({ status: 200 })
  }
})
