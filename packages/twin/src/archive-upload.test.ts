import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { Faults } from './faults.ts'
import { call, publish, tarOf, temporaryFolder, testTwin, uploadTar } from './test-twin.ts'
import type { Twin } from './twin.ts'

const ALICE = 'alice.3bot'

/** Paths and texts of a toy flist that is stored; undefined when there is none. */
async function stored(twin: Twin, name: string): Promise<Record<string, string | null> | undefined> {
  const { status, text } = await call(twin, `/${ALICE}/${name}.flist`)
  if (status !== 200) return undefined
  const { '.metadata': _, ...tree } = JSON.parse(text)
  return tree
}

async function rowsOf(twin: Twin, name: string): Promise<Record<string, unknown>> {
  return JSON.parse(JSON.parse((await call(twin, `/${ALICE}/${name}.flist`)).text)['.metadata'])
}

const files = (text: string) => JSON.parse(text).payload.files

test('an archive becomes a flist whose chunks are stored and that names the backend', async () => {
  const twin = await testTwin()
  const archive = await tarOf({ 'etc/motd': 'hello', empty: '' })
  const { status, text } = await uploadTar(twin, ALICE, 'image.tar.gz', archive)
  expect(status).toBe(200)
  expect(JSON.parse(text).payload.name).toBe('image.flist')
  // The counters are those of the flist, of which the toy one has a file more; that of directories counts too much.
  expect(files(text)).toMatchObject({ success: true, error: null, status: 0, response: { regular: 3, failure: 0 } })
  expect(files(text).response.directory).toBeGreaterThan(1)
  expect(await stored(twin, 'image')).toEqual({ etc: null, 'etc/motd': 'hello', empty: '' })
  const backend = { host: '127.0.0.1', port: twin.backend.port, namespace: 'default' }
  expect(await rowsOf(twin, 'image')).toEqual({ backend })
  for (const folder of ['incoming', 'distfiles']) {
    await vi.waitFor(async () => expect(await readdir(join(twin.root, folder))).toEqual([]))
  }
})

test('fields become metadata rows, except the protected ones, and a readme is taken from the archive', async () => {
  const twin = await testTwin()
  const fields = { 'metadata-own': 'text', 'metadata-entrypoint': '["/evil"]', other: 'x' }
  await uploadTar(twin, ALICE, 'image.tar.gz', await tarOf({ '.README.md': '# Hello\n' }), { fields })
  expect(await rowsOf(twin, 'image')).toMatchObject({ own: 'text', readme: { readme: '# Hello\n' } })
  expect(Object.keys(await rowsOf(twin, 'image')).sort()).toEqual(['backend', 'own', 'readme'])
})

test('a readme that is a link is not followed', async () => {
  const twin = await testTwin()
  const folder = await temporaryFolder()
  await symlink('/etc/passwd', join(folder, '.README.md'))
  const archive = execFileSync('tar', ['-czf', '-', '-C', folder, '.README.md'])
  await uploadTar(twin, ALICE, 'image.tar.gz', archive)
  expect(await rowsOf(twin, 'image')).not.toHaveProperty('readme')
})

test.each([
  ['garbage', async () => Buffer.from('garbage')],
  ['nothing', async () => Buffer.alloc(0)],
])('%s: 200 with success false, and the old flist is an empty one', async (_, make) => {
  const twin = await testTwin()
  await publish(twin, ALICE, 'image.flist', 'old')
  const { status, text } = await uploadTar(twin, ALICE, 'image.tar.gz', await make())
  expect(status).toBe(200)
  expect(JSON.parse(text).status).toBe('success')
  expect(files(text)).toMatchObject({ success: false, status: 1, response: {} })
  expect(await stored(twin, 'image')).toEqual({})
})

test('an archive that is cut off: 200, success, and what could be read', async () => {
  const twin = await testTwin()
  const noise = randomBytes(300_000).toString('base64')
  const archive = await tarOf({ first: 'whole', second: noise })
  const { status, text } = await uploadTar(twin, ALICE, 'image.tar.gz', archive.subarray(0, archive.length / 2))
  expect(status).toBe(200)
  expect(files(text)).toMatchObject({ success: true, status: 0 })
  const { first, second } = (await stored(twin, 'image')) ?? {}
  expect(first).toBe('whole')
  expect(second?.length).toBeLessThan(noise.length)
})

test.each([
  ['backend-down', { success: true, error: null, response: {}, status: 1 }],
  ['backend-full', { success: false, error: { message: 'could not load local directory' }, response: {}, status: 1 }],
] as const)('%s: 200, and the old flist is an empty one', async (kind, outcome) => {
  const faults = new Faults()
  const twin = await testTwin({ faults })
  await publish(twin, ALICE, 'image.flist', 'old')
  faults.add({ server: 'hub', call: 'upload', kind })
  const { status, text } = await uploadTar(twin, ALICE, 'image.tar.gz', await tarOf({ a: 'new' }))
  expect(status).toBe(200)
  expect(files(text)).toEqual(outcome)
  expect(await stored(twin, 'image')).toEqual({})
})

test('any compression that tar knows will do, whatever the name says', async () => {
  const twin = await testTwin()
  for (const name of ['a.tar', 'a.tar.xz']) {
    await uploadTar(twin, ALICE, 'image.tar.gz', await tarOf({ name }, name))
    expect(await stored(twin, 'image')).toEqual({ name })
  }
})

test('nothing is ever unpacked outside', async () => {
  const twin = await testTwin()
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'x'), 'x')
  const archive = execFileSync('tar', ['-cPf', '-', '-C', folder, '--transform', 's,^x,../../escaped,', 'x'])
  await uploadTar(twin, ALICE, 'image.tar.gz', archive)
  expect(await readdir(twin.root)).not.toContain('escaped')
  await vi.waitFor(async () => expect(await readdir(join(twin.root, 'incoming'))).toEqual([]))
})

test.each([
  ['a.tgz', 'this file is not allowed'],
  ['a.TAR.GZ', 'this file is not allowed'],
  ['a.flist', 'this file is not allowed'],
])('%s: a client error reported as 500', async (name, message) => {
  const twin = await testTwin()
  const answer = await uploadTar(twin, ALICE, name, await tarOf({ a: '' }))
  expect(answer).toMatchObject({ status: 500, text: `{"status": "error", "message": "${message}"}\n` })
})

test('a name over 236 characters: success, nothing stored, and the old flist gone', async () => {
  const twin = await testTwin()
  const name = 'n'.repeat(240)
  await writeFile(join(twin.root, 'users', 'x'), '')
  await publish(twin, ALICE, 'other.flist', 'x')
  await writeFile(join(twin.root, 'users', ALICE, `${name}.flist`), 'old')
  const headers = { 'X-Original-Name': `${name}.tar.gz` }
  const { status } = await uploadTar(twin, ALICE, 'a.tar.gz', await tarOf({ a: '' }), { headers })
  expect(status).toBe(200)
  expect(await stored(twin, name)).toBeUndefined()
})

test('an upload replaces a link, not what it leads to', async () => {
  const twin = await testTwin()
  await publish(twin, ALICE, 'build-1.flist', 'one')
  await call(twin, '/api/flist/me/build-1/link/image', ALICE)
  await uploadTar(twin, ALICE, 'image.tar.gz', await tarOf({ a: 'two' }))
  expect(await stored(twin, 'build-1')).toEqual({ file: 'one' })
  expect(await stored(twin, 'image')).toEqual({ a: 'two' })
})

test('uploads of one file name at the same time get into each other; of different names they do not', async () => {
  const twin = await testTwin()
  const users = Array.from({ length: 6 }, (_, at) => `user${at}.3bot`)
  const sendAll = (nameOf: (user: string) => string) =>
    Promise.all(
      users.map(async (user) => {
        const archive = await tarOf({ [user]: user.repeat(100) })
        return (await uploadTar(twin, user, nameOf(user), archive, { headers: { 'X-Original-Name': 'x' } })).status
      }),
    )
  expect(await sendAll(() => 'same.tar.gz')).toContain(500)
  expect(await sendAll((user) => `${user}.tar.gz`)).toEqual(users.map(() => 200))
  for (const user of users) {
    const { '.metadata': _, ...tree } = JSON.parse((await call(twin, `/${user}/x.flist`)).text)
    expect(tree).toEqual({ [user]: user.repeat(100) })
  }
})

test('a strict twin refuses what is broken, and keeps the old flist', async () => {
  const twin = await testTwin({ strict: true })
  await publish(twin, ALICE, 'image.flist', 'old')
  const whole = await tarOf({ a: randomBytes(100_000).toString('base64') })
  for (const archive of [Buffer.from('garbage'), whole.subarray(0, whole.length / 2)]) {
    const answer = await uploadTar(twin, ALICE, 'image.tar.gz', archive)
    expect(answer).toMatchObject({ status: 422, text: expect.stringContaining('can not be read to its end') })
  }
  expect((await uploadTar(twin, ALICE, 'a.tgz', whole)).status).toBe(415)
  expect((await uploadTar(twin, ALICE, `${'n'.repeat(240)}.tar.gz`, whole)).status).toBe(400)
  expect((await uploadTar(twin, ALICE, 'x.tar.gz', whole, { headers: { 'X-Original-Name': 'sp ace?' } })).status).toBe(
    400,
  )
  expect(await stored(twin, 'image')).toEqual({ file: 'old' })
})
