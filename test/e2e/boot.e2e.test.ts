import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folder as directory, link, program, tree } from '../../packages/vm/test/trees.ts'
import { writeTree } from '../../packages/vm/test/written-tree.ts'
import { flist } from '../harness/command.ts'

let folder: string
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
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a flist is started from its chunks, with the deployment’s command and environment', async () => {
  const converted = await flist(['convert', at('root'), '-o', at('a.flist'), '--chunks', at('chunks')])
  expect(converted.code, converted.stderr).toBe(0)
  const files = ['--log', at('console.log'), '--junit', at('junit.xml')]
  const deployment = ['--entrypoint', "/start 'two words'", '--env', 'A=b c', '--expect', 'A is']
  const args = ['boot', at('a.flist'), '--chunks', at('chunks'), ...deployment, ...files, '--follow', '--json']
  const { code, stdout, stderr } = await flist(args)
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ mode: 'container', outcome: 'ready', checks: [] })
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

test('what does not start is told with the end of its console, and the exit status is 3', async () => {
  const { code, stdout, stderr } = await flist(['boot', at('root'), '--entrypoint', '/nothing'])
  expect([code, stdout]).toEqual([3, expect.stringContaining('but /nothing does not exist. Bailing out\n')])
  expect(stdout).toMatch(
    /: started as container with (tcg|kvm) \(.+\): kernel .* s, initrd .* s\nfailed: the entrypoint is not there/,
  )
  expect(stderr).toMatch(
    /^flist: .*\/root: the entrypoint is not there, not executable, or behind an absolute link; last on the console: "/,
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
