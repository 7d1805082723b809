import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectFlist } from '../../packages/cli/src/flist-inspection.ts'
import { chunkId } from '../../packages/flist/src/index.ts'
import { startTwin, type Twin } from '../../packages/twin/src/index.ts'
import { folder as directory, link, program, tree } from '../../packages/vm/test/trees.ts'
import { writeTree } from '../../packages/vm/test/written-tree.ts'
import { flist } from '../harness/command.ts'

let folder: string
let twin: Twin
/** A flist on a hub. */
let published: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-boot-command-'))
  const mountPoints = Object.fromEntries(['dev', 'proc', 'sys', 'run', 'tmp', 'etc'].map((name) => [name, directory()]))
  const start = '#!/bin/sh\necho "A is $A, $# arguments: $1"\nexec /bin/busybox sleep 1000\n'
  const files = {
    'bin/busybox': program(await readFile('/bin/busybox')),
    'bin/sh': link('busybox'),
    start: program(start),
  }
  await writeTree(tree({ ...mountPoints, ...files }), at('root'))
  const ports = { httpPort: 0, gatewayPort: 0, backendPort: 0 }
  twin = await startTwin({ root: at('hub'), seed: randomBytes(32), inspectFlist, chunkId, ...ports })
  published = await publish()
})
afterAll(async () => {
  await twin.close()
  await rm(folder, { recursive: true, force: true })
})

async function publish(): Promise<string> {
  const { url, gateway, backend } = twin
  const zdb = `${backend.host}:${backend.port}`
  const made = [
    'convert',
    at('root'),
    '-o',
    at('a.flist'),
    '--chunks',
    at('chunks'),
    '--backend',
    `zdb://${zdb}/default`,
  ]
  const converted = await flist(made)
  expect(converted.code, converted.stderr).toBe(0)
  const env = {
    FLIST_HUB_TOKEN: twin.mintToken('me.3bot'),
    FLIST_HUB_URL: url,
    FLIST_HUB_GATEWAY: `hub://${gateway.host}:${gateway.port}`,
    FLIST_HUB_BACKEND: `zdb://${zdb}/default`,
  }
  const sent = await flist(['publish', at('a.flist'), '--link', 'greeter.flist', '--chunks', at('chunks')], { env })
  expect(sent.code, sent.stderr).toBe(0)
  return `${url}/me.3bot/greeter.flist`
}

test('a published flist is started from its chunks, with the deployment’s command and environment', async () => {
  const files = ['--log', at('console.log'), '--junit', at('junit.xml')]
  const deployment = ['--entrypoint', "/start 'two words'", '--env', 'A=b c', '--expect', 'A is']
  const args = ['boot', published, '--cache', at('cache'), ...deployment, ...files, '--follow', '--json']
  const { code, stdout, stderr } = await flist(args)
  expect(code, stderr).toBe(0)
  const { chunks, ...report } = JSON.parse(stdout)
  expect(report).toMatchObject({ mode: 'container', outcome: 'ready', checks: [] })
  expect(chunks).toMatchObject({ fetched: expect.any(Number), cached: 0 })
  expect(chunks.fetched).toBeGreaterThan(1)
  expect(stderr).toContain('A is b c, 1 arguments: two words\n')
  expect(await readFile(at('console.log'), 'utf8')).toMatch(/^\[ +\d+\.\d\] A is b c, 1 arguments: two words$/m)
  expect(await readFile(at('junit.xml'), 'utf8')).toContain('name="starts as container"')
})

test('a root tar is started by way of a flist', async () => {
  execFileSync('tar', ['--create', '--gzip', '--file', at('root.tar.gz'), '--directory', at('root'), '.'])
  const { code, stdout, stderr } = await flist([
    'boot',
    at('root.tar.gz'),
    '--entrypoint',
    '/start',
    '--env',
    'A=tar',
    '--expect',
    'A is tar',
  ])
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/: started as container with .*\nready after \d/)
})

test('what does not start is told with the end of its console, and the exit status is 3; no chunk is fetched twice', async () => {
  const args = ['boot', published, '--cache', at('cache'), '--entrypoint', '/nothing']
  const { code, stdout, stderr } = await flist(args)
  expect([code, stdout]).toEqual([3, expect.stringContaining('but /nothing does not exist. Bailing out\n')])
  expect(stdout).toMatch(/^chunks: 0 fetched \(0 bytes\), [1-9]\d* from the cache$/m)
  expect(stdout).toMatch(
    /: started as container with (tcg|kvm) \(.+\): kernel .* s, initrd .* s\nfailed: the entrypoint is not there/,
  )
  expect(stderr).toMatch(
    /^flist: http.*\/greeter\.flist: the entrypoint is not there, not executable, or behind an absolute link; last on the console: "/,
  )
})

test.each([
  [['--port', '0'], '--port "0": is not a positive number; give one'],
  [['--env', 'A'], '--env "A": is not name=value; give both'],
  [['--entrypoint', "'"], `entrypoint "'": a ' is not closed; close it`],
])('wrong options: %j', async (options, message) => {
  const { code, stderr } = await flist(['boot', at('root'), ...options])
  expect([code, stderr]).toEqual([2, `flist: ${message}\n`])
})
