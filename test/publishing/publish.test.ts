import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatPlan, PhaseRunner } from '../../packages/pipeline/src/index.ts'
import { previewPublication } from '../../packages/pipeline/src/publishing/index.ts'
import { createPublishingWorld, type PublishingWorld, publishAs } from '../harness/publishing-world.ts'

let world: PublishingWorld
beforeAll(async () => {
  world = await createPublishingWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const FIRST = 'app-000000000001.flist'
const SECOND = 'app-000000000002.flist'
const folderOf = (account: string) => join(world.folder, 'hub', 'users', account)
const names = async (account: string) => (await readdir(folderOf(account))).sort()
const bytesOf = (account: string, name: string) => readFile(join(folderOf(account), name))

test('a plan says what would happen, in its order, and nothing happens', async () => {
  const flist = await world.makeFlist({ motd: 'planned', copy: 'planned' })
  const phases = new PhaseRunner(FIRST, () => {})
  const request = { flist, chunks: world.local, name: FIRST, links: ['app-1.flist', 'app.flist'], fullReport: true }
  const text = formatPlan(await previewPublication(request, world.settings('plan.3bot'), phases))
  expect(text.replace(/ \d+ bytes as stored/, ' … as stored')).toBe(
    `publish: there is no ${FIRST}
account  plan.3bot
route    native: the hub keeps the flist as it is
storage
  flist           ${(await readFile(flist)).length} bytes
  files           2, 14 bytes
  unique chunks   1 chunks, 7 bytes
  on the backend  0 chunks, 0 bytes
  to send         1 chunks, 7 bytes, … as stored
largest new files
    7 bytes  /copy
steps
  1. send 1 of 1 chunks, 7 bytes before compression (the backend does not have them)
  2. upload the flist (${(await readFile(flist)).length} bytes) under a name of its own (a hub writes files in place: nobody may follow this name yet)
  3. read it back: md5, every record, tree hash (what a hub reports as done need not be)
  4. rename it to ${FIRST} (a rename is one step: the name has all or nothing)
  5. make app-1.flist lead to ${FIRST} (it is new)
  6. make app.flist lead to ${FIRST} (it is new)
  7. read app-1.flist, app.flist back (it is what users get)`,
  )
  expect(await readdir(join(world.folder, 'hub', 'users'))).not.toContain('plan.3bot')
})

test('the first release, the same again, and the next one', async () => {
  const first = await world.makeFlist({ a: 'first', shared: 'shared' })
  const published = await publishAs(world, 'one.3bot', first, FIRST)
  expect(published).toMatchObject({ outcome: 'publish', target: FIRST, storage: { toSend: { chunks: 2 } } })
  expect(await names('one.3bot')).toEqual([FIRST, 'app.flist'])
  expect(await bytesOf('one.3bot', 'app.flist')).toEqual(await readFile(first))

  const again = await publishAs(world, 'one.3bot', first, FIRST)
  expect(again).toMatchObject({ outcome: 'nothing', steps: [], sentBytes: 0 })

  const second = await world.makeFlist({ a: 'second', shared: 'shared' })
  const next = await publishAs(world, 'one.3bot', second, SECOND)
  expect(next.storage).toMatchObject({ onBackend: { chunks: 1 }, toSend: { chunks: 1 }, largestNew: [{ path: '/a' }] })
  expect(await names('one.3bot')).toEqual([FIRST, SECOND, 'app.flist'])
  expect(await bytesOf('one.3bot', 'app.flist')).toEqual(await readFile(second))
})

test('another build of equal content publishes nothing, and is known to the next run', async () => {
  const image = (digest: string) => ({
    metadata: { image: { digest, labels: { 'io.tf-images.build-id': digest } } },
  })
  const flist = await world.makeFlist({ a: 'equal' }, image('sha256:1'))
  const rebuilt = await world.makeFlist({ a: 'equal' }, image('sha256:2'))
  expect(await readFile(rebuilt)).not.toEqual(await readFile(flist))
  await publishAs(world, 'equal.3bot', flist, FIRST)

  const publication = await publishAs(world, 'equal.3bot', rebuilt, SECOND)
  expect(publication).toMatchObject({
    outcome: 'equal',
    reason: `the content is that of ${FIRST}, which app.flist leads to: no new flist`,
    target: FIRST,
  })
  expect(await bytesOf('equal.3bot', 'app.flist')).toEqual(await readFile(flist))
  expect(await bytesOf('equal.3bot', SECOND)).toEqual(await readFile(flist))
  expect(await publishAs(world, 'equal.3bot', rebuilt, SECOND)).toMatchObject({ outcome: 'nothing', target: FIRST })
})

test('another command with an equal tree is other content', async () => {
  const [old, changed] = [
    await world.makeFlist({ a: 'same' }, { metadata: { entrypoint: ['/bin/a'] } }),
    await world.makeFlist({ a: 'same' }, { metadata: { entrypoint: ['/bin/b'] } }),
  ]
  await publishAs(world, 'command.3bot', old, FIRST)
  expect(await publishAs(world, 'command.3bot', changed, SECOND)).toMatchObject({ outcome: 'publish', target: SECOND })
})

test('a published name keeps its content, unless it is asked to be replaced', async () => {
  const [old, other] = [await world.makeFlist({ a: 'old' }), await world.makeFlist({ a: 'other' })]
  await publishAs(world, 'taken.3bot', old, FIRST)
  await expect(publishAs(world, 'taken.3bot', other, FIRST)).rejects.toMatchObject({
    code: 'name-taken',
    message: `"taken.3bot/${FIRST}": has other content, and a published name keeps its content; choose another name, or ask for it to be replaced`,
  })
  expect(await bytesOf('taken.3bot', 'app.flist')).toEqual(await readFile(old))
  await publishAs(world, 'taken.3bot', other, FIRST, { replace: true })
  expect(await bytesOf('taken.3bot', 'app.flist')).toEqual(await readFile(other))
})

test('a link that is a file is refused before anything is written', async () => {
  const [first, second] = [await world.makeFlist({ a: 'file 1' }), await world.makeFlist({ a: 'file 2' })]
  await publishAs(world, 'file.3bot', first, 'app.flist', { links: [] })
  await expect(publishAs(world, 'file.3bot', second, SECOND)).rejects.toMatchObject({
    code: 'name-taken',
    message: '"file.3bot/app.flist": is a flist and no link; rename or delete it, or choose another link',
  })
  expect(await names('file.3bot')).toEqual(['app.flist'])
})

test('half a flist at the immutable name, and a link that leads nowhere, are replaced', async () => {
  const [old, flist] = [await world.makeFlist({ a: 'whole' }), await world.makeFlist({ a: 'half' })]
  await publishAs(world, 'half.3bot', old, FIRST)
  await writeFile(join(folderOf('half.3bot'), SECOND), (await readFile(flist)).subarray(0, 200))
  await symlink('gone.flist', join(folderOf('half.3bot'), 'app-1.flist'))
  await publishAs(world, 'half.3bot', flist, SECOND, { links: ['app-1.flist', 'app.flist'] })
  for (const name of [SECOND, 'app-1.flist', 'app.flist']) {
    expect(await bytesOf('half.3bot', name)).toEqual(await readFile(flist))
  }
})

test('what interrupted runs left is cleaned up', async () => {
  const flist = await world.makeFlist({ a: 'left' })
  await publishAs(world, 'left.3bot', flist, FIRST)
  await writeFile(join(folderOf('left.3bot'), 'app-000000000002.0123abcd.upload.flist'), 'half')
  await writeFile(join(folderOf('left.3bot'), 'other-000000000002.0123abcd.upload.flist'), 'half')
  await symlink(FIRST, join(folderOf('left.3bot'), 'app.0123abcd.link.flist'))
  await publishAs(world, 'left.3bot', await world.makeFlist({ a: 'next' }), SECOND)
  expect(await names('left.3bot')).toEqual([FIRST, SECOND, 'app.flist', 'other-000000000002.0123abcd.upload.flist'])
})

test('two publishers of one build at once: both succeed, and nothing is left over', async () => {
  const flist = await world.makeFlist({ a: 'raced' })
  const outcomes = await Promise.all([1, 2, 3].map(() => publishAs(world, 'race.3bot', flist, FIRST)))
  expect(outcomes.map(({ target }) => target)).toEqual([FIRST, FIRST, FIRST])
  expect(await bytesOf('race.3bot', 'app.flist')).toEqual(await readFile(flist))
  await publishAs(world, 'race.3bot', flist, FIRST)
  expect(await names('race.3bot')).toEqual([FIRST, 'app.flist'])
})

test('two publishers of one name with other content: the last to rename wins, the other is told', async () => {
  const flists = await Promise.all(['x', 'y'].map((text) => world.makeFlist({ a: `clash ${text}` })))
  const results = await Promise.allSettled(flists.map((flist) => publishAs(world, 'clash.3bot', flist, FIRST)))
  const won = results.findIndex(({ status }) => status === 'fulfilled')
  const served = await bytesOf('clash.3bot', 'app.flist')
  expect(served).toEqual(await readFile(flists[won] ?? ''))
  for (const result of results) {
    if (result.status === 'rejected') expect(['name-taken', 'not-published', 'mismatch']).toContain(result.reason.code)
  }
})
