import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommandOptions, flist, runCommand } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'
import { account, createWorld, type World } from '../harness/world.ts'

/** What a user sees when something on the line is wrong: one message with place and remedy, and nothing half done. */
let world: World
let base: string

beforeAll(async () => {
  world = await createWorld()
  base = await pushTinyBase(world.registry.split('/')[0] ?? '', world.folder)
})
afterAll(async () => world[Symbol.asyncDispose]())

/** A recipe folder of its own with these images on the tiny base, as a root for `flist up`. */
async function recipes(name: string, images: Readonly<Record<string, object>>): Promise<string> {
  const files = Object.entries(images).map(([image, definition]) => [
    `images/${image}/image.yaml`,
    { description: 'A test image', base: 'tiny', ...definition },
  ])
  return writeRecipes(join(world.folder, name), { ...recipesWithBase(base), ...Object.fromEntries(files) })
}

function up(root: string, options: CommandOptions & { args?: string[]; work?: string } = {}) {
  const args = ['up', '--root', root, '--work', options.work ?? join(root, 'work'), ...(options.args ?? [])]
  return flist(args, { ...options, env: { ...world.env, ...options.env } })
}

async function published(name: string): Promise<number> {
  return (await fetch(`${world.env.FLIST_HUB_URL}/${account}/${name}`)).status
}

/** The tiny base under another tag, whose manifest says of its layer that it has a pebibyte. */
async function pushHuge(reference: string): Promise<void> {
  const [host, tag] = [reference.split('/')[0], reference.split(':').at(-1)]
  const type = 'application/vnd.docker.distribution.manifest.v2+json'
  const url = `http://${host}/v2/bases/tiny/manifests`
  const manifest = JSON.parse(await (await fetch(`${url}/1`, { headers: { accept: type } })).text())
  const layers = manifest.layers.map((layer: object) => ({ ...layer, size: 2 ** 50 }))
  const body = JSON.stringify({ ...manifest, layers })
  const put = await fetch(`${url}/${tag}`, { method: 'PUT', headers: { 'content-type': type }, body })
  expect(put.status).toBe(201)
}

const content = (text: string, target = '/etc/content') => ({ files: [{ target, content: text }] })

describe('before anything is done', () => {
  test('a problem in a recipe is told with file, line and column, and all problems at once', async () => {
    const root = await recipes('bad-recipe', { one: { snippets: ['sshdd'] }, two: { base: { image: 'non' } } })
    const { code, stderr } = await up(root)
    expect(code).toBe(2)
    expect(stderr).toMatch(/recipes\/images\/one\/image\.yaml:\d+:\d+: .*sshdd/)
    expect(stderr).toMatch(/recipes\/images\/two\/image\.yaml:\d+:\d+: .*"non"/)
    expect(existsSync(join(root, 'dockerfiles'))).toBe(false)
  })

  test('an engine that does not answer', async () => {
    const root = await recipes('no-engine', { one: content('x') })
    const { code, stderr } = await up(root, { env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } })
    expect(code).toBe(1)
    expect(stderr).toMatch(/\/nonexistent\/docker\.sock/)
    expect(existsSync(join(root, 'dockerfiles'))).toBe(false)
  })

  test('no token', async () => {
    const root = await recipes('no-token', { one: content('x') })
    const { code, stderr } = await up(root, { env: { FLIST_HUB_TOKEN: '' } })
    expect(code).toBe(2)
    expect(stderr).toMatch(/no token for .*; set FLIST_HUB_TOKEN/)
  })

  test('a base that the disk has no room for, by the sizes in its manifest', async () => {
    const huge = base.replace('tiny:1', 'tiny:huge')
    await pushHuge(huge)
    const root = await recipes('no-room', { one: content('x') })
    await writeRecipes(root, recipesWithBase(huge))
    const { code, stderr } = await up(root)
    expect(code).toBe(1)
    expect(stderr).toMatch(/are free, .* TB are needed to build one; remove what is not used/)
    expect(stderr).not.toContain('build: step')
    await writeRecipes(root, recipesWithBase(base))
    const asked = await up(root, { args: ['--min-free', '1000T'] })
    expect(asked.stderr).toMatch(/are needed to build one; remove what is not used/)
  })

  test('an unknown image', async () => {
    const root = await recipes('unknown', { one: content('x') })
    const { code, stderr } = await up(root, { args: ['ngnix'] })
    expect(code).toBe(2)
    expect(stderr).toMatch(/no image "ngnix" in the recipes; there are: one/)
  })
})

describe('on the way', () => {
  test('a step that fails is told with its Dockerfile line and last output; the other images go on', async () => {
    const root = await writeRecipes(
      await recipes('failing-step', { bad: { snippets: ['broken'] }, good: content('good') }),
      {
        'snippets/broken/snippet.yaml': { description: 'Fails', run: ['echo about to fail', 'exit 7'] },
      },
    )
    const { code, stderr, stdout } = await up(root)
    expect(code).toBe(1)
    expect(stderr).toMatch(/Dockerfile/)
    expect(stderr).toMatch(/recipes\/snippets\/broken\/snippet\.yaml:\d+:\d+: what this adds to "bad" does not build/)
    expect(stderr).toMatch(/^> *\d+ \| /m)
    expect(stderr).toMatch(/about to fail/)
    expect(stderr).toMatch(/7/)
    expect(stdout).toMatch(/good\n.*published/)
    expect(await published('bad.flist')).toBe(404)
    expect(await published('good.flist')).toBe(200)
  })

  test.each([
    // Labels of the config, which every image of ours has, go where no runtime looks.
    ['strict', 'config-recorded', 3, /a flist does not hold all of it; .* --strict: config-recorded/],
    ['max-entries', '2', 1, /its layers have \d+ entries and more, the limit is 2|too many entries, the limit is 2/],
    ['max-size', '1K', 1, /files .* too large, the limit is 1024|its files have \d+ bytes and more, the limit is 1024/],
  ])('an image that --%s=%s refuses is not published', async (name, value, status, message) => {
    const option = `--${name}=${value}`
    const root = await recipes(`refused-${name}`, { [name]: content(option) })
    const { code, stderr } = await up(root, { args: [option] })
    expect([code, stderr]).toEqual([status, expect.stringMatching(message)])
    expect(await published(`${name}.flist`)).toBe(404)
    const without = await up(root)
    expect(without.code, without.stderr).toBe(0)
    expect(await published(`${name}.flist`)).toBe(200)
    expect((await up(root, { args: [option] })).stdout).toContain('unchanged')
  })

  test('an image on one that failed is told so', async () => {
    const root = await writeRecipes(
      await recipes('failing-base', { bad: { snippets: ['broken'] }, child: { base: { image: 'bad' } } }),
      {
        'snippets/broken/snippet.yaml': { description: 'Fails', run: ['exit 7'] },
      },
    )
    const { code, stderr } = await up(root)
    expect(code).toBe(1)
    expect(stderr).toMatch(/child: .*"bad" failed/)
  })

  test.each([
    [401, /401|unauthorized|credentials/i],
    [404, /404|not found/i],
    [500, /500|server/i],
  ])('a registry that answers %d', async (status, message) => {
    const server = createServer((_, response) => response.writeHead(status).end('{"errors":[]}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const output = join(world.folder, `registry-${status}.flist`)
    const { code, stderr } = await flist([
      'convert',
      `${host}/x:1`,
      '-o',
      output,
      '--chunks',
      join(world.folder, 'registry-chunks'),
    ])
    server.close()
    expect(code).toBe(1)
    expect(stderr).toContain(host)
    expect(stderr).toMatch(message)
    expect(existsSync(output)).toBe(false)
  })

  test('a token the hub refuses', async () => {
    const root = await recipes('bad-token', { one: content('x') })
    const wrong = `${randomBytes(64).toString('base64url')}`
    const { code, stderr } = await up(root, { env: { FLIST_HUB_TOKEN: wrong } })
    expect(code).toBe(1)
    expect(stderr).toMatch(/401/)
    expect(stderr).not.toContain(wrong)
  })

  test('a hub that goes away: the old flist stays, and the next run finishes the job', async () => {
    const root = await recipes('hub-down', { moving: content('first') })
    expect((await up(root)).code).toBe(0)
    const before = await (await fetch(`${world.env.FLIST_HUB_URL}/${account}/moving.flist`)).arrayBuffer()
    await recipes('hub-down', { moving: content('second') })
    let stopped: Promise<void> | undefined
    const interrupted = await runUntil(root, /convert: /, () => {
      stopped = world.stopHub()
    })
    await stopped
    expect(interrupted.code).toBe(1)
    expect(interrupted.stderr).toContain(new URL(world.env.FLIST_HUB_URL ?? '').host)
    await world.startHub()
    const after = await (await fetch(`${world.env.FLIST_HUB_URL}/${account}/moving.flist`)).arrayBuffer()
    expect(Buffer.from(after).equals(Buffer.from(before))).toBe(true)
    const again = await up(root)
    expect(again.code, again.stderr).toBe(0)
    const flistUrl = `${world.env.FLIST_HUB_URL}/${account}/moving.flist`
    expect((await flist(['cat', flistUrl, '/etc/content'])).stdout).toBe('second')
  })

  test('a chunk store that is full: told with the remedy, no flist, and room lets it finish', async () => {
    const store = join(world.folder, 'full')
    await mkdir(store)
    const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', store])
    expect(mounted.code, mounted.stderr).toBe(0)
    const source = join(world.folder, 'random')
    await mkdir(source)
    await runCommand('dd', ['if=/dev/urandom', `of=${join(source, 'file')}`, 'bs=1M', 'count=4'])
    const output = join(world.folder, 'full.flist')
    const convert = () => flist(['convert', source, '-o', output, '--chunks', join(store, 'chunks')])
    try {
      const full = await convert()
      expect(full.code).toBe(1)
      expect(full.stderr).toMatch(/full|space/)
      expect(full.stderr).toContain(store)
      expect(existsSync(output)).toBe(false)
      await runCommand('mount', ['-o', 'remount,size=16m', store])
      const again = await convert()
      expect(again.code, again.stderr).toBe(0)
      expect((await flist(['check', output, '--chunks', join(store, 'chunks'), '--contents'])).code).toBe(0)
    } finally {
      await runCommand('umount', [store])
    }
  })

  test('Ctrl-C: nothing half-written, and the next run finishes', async () => {
    const root = await recipes('interrupt', { one: { snippets: ['slow'] } })
    await writeRecipes(root, {
      'snippets/slow/snippet.yaml': { description: 'Takes a while', run: ['while [ ! -e /nothing ]; do :; done'] },
    })
    const interrupted = await runUntil(root, /build: /, (kill) => setTimeout(() => kill('SIGINT'), 1500))
    expect(interrupted.code).toBe(130)
    expect(interrupted.stderr).toMatch(/interrupted; run the command again/)
    expect(await readdir(join(root, 'work', 'flists'))).toEqual([])
    await writeRecipes(root, { 'snippets/slow/snippet.yaml': { description: 'Quick', run: ['exit 0'] } })
    expect((await up(root)).code).toBe(0)
  })
})

/** Runs `flist up` and does something once its progress matches. */
async function runUntil(root: string, pattern: RegExp, action: (kill: (signal: NodeJS.Signals) => void) => void) {
  let pending = true
  return up(root, {
    onStart: (kill, stderr) => {
      stderr.on('data', (bytes: Buffer) => {
        if (!pending || !pattern.test(bytes.toString())) return
        pending = false
        action(kill)
      })
    },
  })
}

describe('bad sources', () => {
  const convert = (source: string, output: string) =>
    flist(['convert', source, '-o', output, '--chunks', join(world.folder, 'bad-chunks')])

  test('a path that is not there', async () => {
    const { code, stderr } = await convert('./nowhere', join(world.folder, 'none.flist'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/"\.\/nowhere": no such file or directory/)
  })

  test('a file that is no tar', async () => {
    const output = join(world.folder, 'no-tar.flist')
    const { code, stderr } = await convert(join(import.meta.dirname, 'failures.e2e.test.ts'), output)
    expect(code).toBe(1)
    expect(stderr).toMatch(/failures\.e2e\.test\.ts.*tar/)
    expect(existsSync(output)).toBe(false)
  })
})
