import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { inspectFlist } from '../packages/cli/src/flist-inspection.ts'
import { chunkId } from '../packages/flist/src/index.ts'
import { member } from '../packages/rootfs/test/tar-builder.ts'
import { startTwin } from '../packages/twin/src/index.ts'
import { flist } from './harness/command.ts'

let folder: string
const at = (name: string) => join(folder, name)
const archive = (...members: Buffer[]) => Buffer.concat([...members, Buffer.alloc(1024)])
const motd = (text: string, mode = 0o644) => member({ name: 'etc/motd', mode }, text)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-verify-'))
  await writeFile(at('same.tar'), archive(motd('hello')))
  await writeFile(at('other.tar'), archive(motd('hallo', 0o600), member({ name: 'new' })))
  const { code, stderr } = await flist(['convert', at('same.tar'), '-o', at('a.flist'), '--chunks', at('chunks')])
  expect(code, stderr).toBe(0)
}, 30_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a flist and what it was made of have no difference', async () => {
  const { code, stdout } = await flist(['verify', at('a.flist'), at('same.tar')])
  expect([code, stdout]).toEqual([0, '3 entries, 5 bytes compared: no difference\n'])
})

test('each difference is a line, the exit status is 3', async () => {
  const { code, stdout, stderr } = await flist(['verify', at('a.flist'), at('other.tar')])
  expect(stdout).toMatch(
    /^\/new: the flist does not have this file of the source\n\/etc\/motd: mode is 0644, the source has 0600\n\/etc\/motd: content is [0-9a-f]{32} from byte 0, the source has [0-9a-f]{32} from byte 0\n3 entries, 5 bytes compared: 3 differences\n$/,
  )
  expect(code).toBe(3)
  expect(stderr).toContain(`flist: ${at('a.flist')}: 3 differences from ${at('other.tar')}; convert it again\n`)
})

test('--json gives them as data', async () => {
  const { code, stdout } = await flist(['verify', at('a.flist'), at('other.tar'), '--json'])
  expect([code, JSON.parse(stdout)]).toMatchObject([
    3,
    {
      equal: false,
      differences: [
        { kind: 'missing', path: '/new', expected: 'file' },
        { kind: 'changed', path: '/etc/motd', field: 'mode', expected: '0600', actual: '0644' },
        { kind: 'changed', path: '/etc/motd', field: 'content' },
      ],
    },
  ])
})

test('the flist may be on a hub, and its chunks on the backend it names', async () => {
  const seed = randomBytes(32)
  const ports = { httpPort: 0, gatewayPort: 0, backendPort: 0 }
  const { url, gateway, backend, mintToken, close } = await startTwin({
    root: at('hub'),
    seed,
    inspectFlist,
    chunkId,
    ...ports,
  })
  onTestFinished(() => close())
  const readers = `zdb://${backend.host}:${backend.port}/default`
  const [source, output] = [at('same.tar'), at('hub.flist')]
  await flist(['convert', source, '-o', output, '--chunks', at('chunks'), '--backend', readers])
  const published = await flist(['publish', output, '--chunks', at('chunks'), '--link', 'a.flist'], {
    env: {
      FLIST_HUB_URL: url,
      FLIST_HUB_GATEWAY: `hub://${gateway.host}:${gateway.port}`,
      FLIST_HUB_BACKEND: readers,
      FLIST_HUB_TOKEN: mintToken('alice.3bot'),
    },
  })
  expect(published.code, published.stderr).toBe(0)
  const { code, stdout, stderr } = await flist(['verify', `${url}/alice.3bot/a.flist`, source, '--contents'])
  expect([code, stdout], stderr).toEqual([0, '3 entries, 5 bytes compared: no difference\n'])
})

test('--contents finds a chunk that is damaged, which the flist alone does not show', async () => {
  const options = ['--contents', '--chunks', at('chunks')]
  expect((await flist(['verify', at('a.flist'), at('same.tar'), ...options])).code).toBe(0)
  const entries = await readdir(at('chunks'), { recursive: true, withFileTypes: true })
  const [chunk] = entries.filter((entry) => entry.isFile() && /^[0-9a-f]{30}$/.test(entry.name))
  if (!chunk) throw new Error('no chunk was stored')
  await truncate(join(chunk.parentPath, chunk.name), 3)
  const { code, stdout } = await flist(['verify', at('a.flist'), at('same.tar'), ...options])
  expect(code).toBe(3)
  expect(stdout).toMatch(/^\/etc\/motd: .*chunk .*\n3 entries, 5 bytes compared: 1 difference\n$/)
})

test('a source that is not there is a wrong command', async () => {
  const { code, stderr } = await flist(['verify', at('a.flist'), './nothing'])
  expect(code).toBe(2)
  expect(stderr).toContain('"./nothing": no such file or directory')
})
