import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LayerCount } from '../../packages/pipeline/src/index.ts'
import { flist, runCommand } from '../harness/command.ts'
import { listTree } from '../harness/listing.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** The whole line with a real engine and a real registry, as a user runs it. */
let world: World
const images = ['debian-12', 'nginx']

type Report = {
  readonly name: string
  readonly status: string
  readonly decision: { readonly action: string; readonly reason: string }
  readonly reference: string
  readonly flistUrl: string
  readonly linkUrl: string
  readonly conversion?: {
    readonly flist: string
    readonly files: number
    readonly treeHash: string
    readonly layers: LayerCount
  }
  readonly publication?: { readonly storage: Record<'toSend' | 'unique', { readonly chunks: number }> }
}

async function up(
  ...args: string[]
): Promise<{ images: Report[]; stderr: string; code: number | null; failures: unknown[] }> {
  const named = args.some((word) => images.includes(word)) ? [] : images
  const words = ['up', '--json', '--work', join(world.folder, 'work'), ...args, ...named]
  const result = await flist(words, { env: world.env })
  expect(result.stdout, result.stderr).toMatch(/^\{/)
  return { ...JSON.parse(result.stdout), stderr: result.stderr, code: result.code }
}

beforeAll(async () => {
  world = await createWorld()
})
afterAll(async () => world[Symbol.asyncDispose]())

test('the first run builds, pushes, converts and publishes both images, the base first', async () => {
  const { images: reports, stderr, code } = await up()
  expect(code, stderr).toBe(0)
  expect(reports.map(({ name, status }) => [name, status])).toEqual(images.map((name) => [name, 'published']))
  for (const { name, reference, linkUrl, publication, conversion } of reports) {
    expect(reference).toMatch(new RegExp(`^${world.registry}/${name}@sha256:[0-9a-f]{64}$`))
    expect(linkUrl).toBe(`${world.env.FLIST_HUB_URL}/${account}/${name}.flist`)
    expect(publication?.storage.toSend.chunks).toBeGreaterThan(0)
    expect(conversion?.treeHash).toMatch(/^[0-9a-f]{64}$/)
  }
  // What nginx shares with its base is there already: chunks on the hub, layers in the cache.
  const nginx = reports[1]?.publication?.storage
  expect(nginx && nginx.toSend.chunks < nginx.unique.chunks / 2).toBe(true)
  const [base, top] = reports.map(({ conversion }) => conversion?.layers)
  expect(base).toEqual({ total: expect.any(Number), cached: 0 })
  expect(top?.cached).toBe(base?.total)
  expect(stderr).toContain(`${base?.total} from cache`)
})

test('the second run has nothing to do and says why', async () => {
  const { images: reports, code } = await up()
  expect(code).toBe(0)
  expect(reports.map(({ status }) => status)).toEqual(['unchanged', 'unchanged'])
  for (const { name, decision } of reports)
    expect(decision.reason).toMatch(new RegExp(`^up to date: ${name}-[0-9a-f]{12}\\.flist$`))
})

describe.each(images)('the published flist of %s', (name) => {
  const link = () => `${world.env.FLIST_HUB_URL}/${account}/${name}.flist`

  test('has every chunk, unchanged, on the backend it names', async () => {
    const { code, stdout, stderr } = await flist(['check', link(), '--contents', '--json'])
    expect(code, stderr + stdout).toBe(0)
  })

  test('is equal to its image, by the bytes of its layers and of its chunks', async () => {
    const image = `${world.registry}/${name}:latest`
    const { code, stdout, stderr } = await flist(['verify', link(), image, '--contents', '--json'])
    expect(code, stderr + stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ equal: true, differences: [] })
  })

  test('extracts to what `docker export` gives of the image', async () => {
    const folder = join(world.folder, `compare-${name}`)
    const [exported, extracted] = [join(folder, 'exported'), join(folder, 'extracted')]
    await mkdir(exported, { recursive: true })
    const container = `flist-compare-${name}-${process.pid}`
    const created = await runCommand('docker', ['create', '--name', container, `${world.registry}/${name}:latest`])
    expect(created.code, created.stderr).toBe(0)
    const exporting = await runCommand('sh', [
      '-c',
      'docker export "$1" | tar -x --numeric-owner -C "$2"',
      'sh',
      container,
      exported,
    ])
    await runCommand('docker', ['rm', container])
    expect(exporting.code, exporting.stderr).toBe(0)
    const { code, stderr } = await flist(['extract', link(), extracted])
    expect(code, stderr).toBe(0)
    const [theirs, ours] = [await listTree(exported), await listTree(extracted)]
    // The engine mounts these into a container and leaves their mount points in the export.
    for (const path of [
      '.dockerenv',
      'dev/console',
      'dev/pts',
      'dev/shm',
      'etc/hostname',
      'etc/hosts',
      'etc/resolv.conf',
      'etc/mtab',
    ]) {
      theirs.delete(path)
      ours.delete(path)
    }
    expect(ours.size).toBeGreaterThan(3000)
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs))
    await rm(folder, { recursive: true, force: true })
  })

  test('shows its content by ls, stat and cat', async () => {
    const listing = await flist(['ls', link(), '/etc'])
    expect(listing.stdout).toMatch(/^-rw-r--r-- 0\/0 .* passwd$/m)
    const passwd = await flist(['cat', link(), '/etc/passwd'])
    expect(passwd.stdout).toMatch(/^root:x:0:0:/)
    const top = await flist(['stat', link(), '--json'])
    expect(JSON.parse(top.stdout).metadata).toMatchObject({ entrypoint: ['/sbin/init'] })
  })
})

test('the same image converts to the same bytes again', async () => {
  const reference = `${world.registry}/nginx:latest`
  const [first, second] = [join(world.folder, 'first.flist'), join(world.folder, 'second.flist')]
  for (const [output, chunks] of [
    [first, 'chunks-1'],
    [second, 'chunks-2'],
  ] as const) {
    const { code, stderr } = await flist([
      'convert',
      reference,
      '--output',
      output,
      '--chunks',
      join(world.folder, chunks),
    ])
    expect(code, stderr).toBe(0)
  }
  expect((await readFile(first)).equals(await readFile(second))).toBe(true)
})

test('a link that was moved is put back by the next run', async () => {
  const other = (await up('--dry-run')).images
    .find(({ name }) => name === 'debian-12')
    ?.flistUrl.split('/')
    .pop()
  const moved = await fetch(`${world.env.FLIST_HUB_URL}/api/flist/me/${other}/link/nginx.flist`, {
    headers: { authorization: `bearer ${world.token}` },
  })
  expect(moved.status).toBe(200)
  const { images: reports } = await up()
  const nginx = reports.find(({ name }) => name === 'nginx')
  expect(nginx?.decision.reason).toMatch(/^link drifted: nginx\.flist leads to debian-12-/)
  expect(nginx?.status).toBe('relinked')
})

test('the token is in no output of a run', async () => {
  const { stderr } = await up('--force', 'debian-12')
  expect(stderr).not.toContain(world.token)
})
