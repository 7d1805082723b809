import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flist } from '../harness/command.ts'

/** The format of rfs, as a user of the command line meets it. Needs no engine and no registry. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-e2e-'))
  await mkdir(path('root/etc'), { recursive: true })
  await writeFile(path('root/etc/motd'), 'hello\n')
  await symlink('etc/motd', path('root/link'))
})
afterAll(() => rm(folder, { recursive: true }))

const path = (name: string) => join(folder, name)
const convert = (...args: string[]) => flist(['convert', path('root'), '--chunks', `dir://${path('chunks')}`, ...args])

test('a name that ends in .fl makes one, which every command reads', async () => {
  expect(await convert('-o', path('a.fl'))).toMatchObject({ code: 0 })
  expect((await readFile(path('a.fl'))).toString('latin1', 0, 15)).toBe('SQLite format 3')
  expect((await flist(['ls', path('a.fl'), '/etc'])).stdout).toMatch(/^-rw.* 6 .* motd\n$/)
  expect((await flist(['stat', path('a.fl')])).stdout).toContain(`route       00-ff dir://${path('chunks')}`)
  const chunks = ['--chunks', path('chunks')]
  expect((await flist(['cat', path('a.fl'), '/link', ...chunks])).stdout).toBe('hello\n')
  expect(await flist(['check', path('a.fl'), '--contents', ...chunks])).toMatchObject({ code: 0 })
  expect(await flist(['extract', path('a.fl'), path('out'), ...chunks])).toMatchObject({ code: 0 })
  expect(await readFile(path('out/link'), 'utf8')).toBe('hello\n')
})

test('the chunks lie where rfs looks for them', async () => {
  const [first = ''] = await readdir(path('chunks'))
  expect(first).toMatch(/^[0-9a-f]{2}$/)
  expect(await readdir(join(path('chunks'), first))).toEqual([
    expect.stringMatching(new RegExp(`^${first}[0-9a-f]{62}$`)),
  ])
})

test('a format that does not fit the name is refused before anything is done', async () => {
  const refused = await convert('-o', path('b.flist'), '--format', 'fl')
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('end its name in .fl') })
  expect(await readdir(folder)).not.toContain('b.flist')
})

test('--backend says where readers find the chunks', async () => {
  await convert('-o', path('c.fl'), '--format', 'fl', '--backend', 'zdb://hub.example:9900/images')
  const { stdout } = await flist(['stat', path('c.fl'), '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ routes: [{ start: 0, end: 255, url: 'zdb://hub.example:9900/images' }] })
})

test('names that rfs cannot read are told', async () => {
  await mkdir(path('odd'))
  await writeFile(Buffer.from(`${path('odd')}/\xff`, 'latin1'), '')
  const { stdout } = await flist(['convert', path('odd'), '-o', path('odd.fl'), '--chunks', path('chunks')])
  expect(stdout).toMatch(/name-not-utf8 1, .* rfs cannot read the directory/)
})

test('a chunk that is lost is found missing', async () => {
  for (const name of await readdir(path('chunks'))) await rm(join(path('chunks'), name), { recursive: true })
  const { code, stdout } = await flist(['check', path('a.fl'), '--chunks', path('chunks')])
  expect([code, stdout]).toEqual([3, expect.stringContaining('is not in the store')])
})
