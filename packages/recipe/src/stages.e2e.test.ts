import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureDebianBase } from '../../../test/harness/debian-base.ts'
import { writeContexts } from './contexts.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

/** Downloads and stages as the classic builder makes them. */
const tag = `recipe-stages-${randomBytes(4).toString('hex')}`
const program = Buffer.from('#!/bin/sh\necho downloaded\n')
let archive: Buffer
let server: Server
let address: string
let folder: string

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recipe-stages-'))
  await mkdir(join(folder, 'packed/tool-1/lib'), { recursive: true })
  await writeFile(join(folder, 'packed/tool-1/lib/file'), 'unpacked\n')
  archive = spawnSync('tar', ['-C', join(folder, 'packed'), '-cz', 'tool-1']).stdout
  server = createServer((request, response) => response.end(request.url === '/tool.tar.gz' ? archive : program))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.close()
  spawnSync('docker', ['rmi', '--force', tag])
  await rm(folder, { recursive: true, force: true })
})

/** Not with spawnSync: the engine asks the server of this process. */
async function docker(...words: string[]): Promise<{ status: number; output: string }> {
  const child = spawn('docker', words, { env: { ...process.env, DOCKER_BUILDKIT: '0' } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes))
  const [status] = await once(child, 'close')
  return { status, output }
}

/** Renders an image with the snippet and builds it. */
async function build(name: string, snippet: string): Promise<{ status: number; output: string }> {
  const root = join(folder, name)
  const files = {
    'recipes.yaml': `registry: r.example/x\nbases:\n  debian:12: { reference: "${await ensureDebianBase()}", family: debian }\n`,
    'snippets/tool/snippet.yaml': `description: x\n${snippet}`,
    'images/tool/image.yaml': 'description: x\nbase: debian:12\nsnippets: [tool]\n',
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, 'recipes', path)), { recursive: true })
    await writeFile(join(root, 'recipes', path), content)
  }
  await writeContexts(root, [renderImage(await loadRecipes(root), 'tool')])
  return docker('build', '--tag', tag, join(root, 'dockerfiles/tool'))
}

/** The download for both machines that snippets know: whichever this is. */
const download = (target: string, path: string, hash: string, more = '') => `
  - target: ${target}${more}
    architectures:
      amd64: { url: "${address}${path}", sha256: ${hash} }
      arm64: { url: "${address}${path}", sha256: ${hash} }`

test('downloads and the files of a stage are in the image, and nothing else of them', async () => {
  const snippet = `downloads:${download('/usr/local/bin/tool', '/tool', sha256(program), '\n    mode: "0755"')}${download(
    '/opt/tool',
    '/tool.tar.gz',
    sha256(archive),
    '\n    unpack: { strip: 1 }',
  )}
stages:
  - name: builder
    run: [mkdir /out, echo built > /out/made, echo left > /left]
    copy: [{ from: /out/made, to: /srv/made }]
`
  const { status, output } = await build('good', snippet)
  expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' })
  const script = 'tool; cat /opt/tool/lib/file /srv/made; ls -d /loaded /checked /left /out 2> /dev/null'
  expect((await docker('run', '--rm', tag, 'sh', '-c', script)).output).toBe('downloaded\nunpacked\nbuilt\n')
})

test('a download whose hash differs ends the build', async () => {
  const { status, output } = await build('bad', `downloads:${download('/bin/tool', '/tool', 'f'.repeat(64))}\n`)
  expect(status).not.toBe(0)
  expect(output).toContain('/loaded/0-amd64: FAILED')
})
