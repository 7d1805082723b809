import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { flist } from './harness/command.ts'
import { recipesWithBase, writeRecipes } from './harness/recipe-folder.ts'

/** Downloads whose hash the recipes leave to the lock, as a user meets them. */
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function world(paths: readonly string[]) {
  const served = { text: 'a program', requests: 0 }
  const server = createServer((request, answer) => {
    // A registry that lost the base.
    if (request.url?.startsWith('/v2/')) return answer.writeHead(404).end()
    served.requests++
    if (request.url === '/gone') return answer.writeHead(404).end()
    answer.end(served.text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const root = await mkdtemp(join(tmpdir(), 'flist-downloads-'))
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await rm(root, { recursive: true, force: true })
  })
  const downloads = paths.map((path, index) => ({
    target: `/opt/file-${index}`,
    architectures: { amd64: { url: `http://${host}/${path}` } },
  }))
  await writeRecipes(root, {
    ...recipesWithBase(`${host}/tiny:1`),
    'snippets/tool/snippet.yaml': { description: 'A tool', downloads },
    'images/one/image.yaml': { description: 'One', base: 'tiny', snippets: ['tool'] },
  })
  const run = (...words: string[]) => flist([...words, '--root', root, '--registry', `${host}/images`])
  const lock = () => readFile(join(root, 'recipes.lock.yaml'), 'utf8')
  return { url: `http://${host}`, served, run, lock }
}

test('lock loads them once, and keeps what it has of the rest', async () => {
  const { url, served, run, lock } = await world(['file', 'gone'])
  const first = await run('lock')
  expect(first.code).toBe(1)
  expect(first.stdout).toContain(`download ${url}/file: not in the lock, now ${sha256('a program')}\n`)
  expect(first.stderr).toMatch(/✓ load: loading \S+\/file/)
  expect(first.stderr).toContain(
    `recipes/snippets/tool/snippet.yaml:10:14: ${url}/gone: can not be loaded: the server answers with 404`,
  )
  expect(first.stderr).toMatch(/^(?:flist: )?127\.0\.0\.1:\d+\/tiny:1: /m)
  expect(await lock()).toContain(`downloads:\n  ${url}/file: ${sha256('a program')}\n`)

  served.text = 'another program'
  const before = served.requests
  await run('lock')
  expect(served.requests).toBe(before + 1)
  expect(await lock()).toContain(sha256('a program'))
  expect((await run('lock', '--refresh')).stdout).toContain(
    `download ${url}/file: ${sha256('a program')} → ${sha256('another program')}`,
  )
})

test('what is not locked is listed as outdated, and not loaded for that', async () => {
  const { url, served, run } = await world(['file'])
  const { code, stdout } = await run('outdated')
  expect(code).toBe(1)
  expect(stdout).toContain(`download ${url}/file: not in the lock (recipes/snippets/tool/snippet.yaml:6:14)`)
  expect(served.requests).toBe(0)
})
