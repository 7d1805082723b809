import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flist, repository, runCommand } from '../harness/command.ts'
import { ensureDebianBase } from '../harness/debian-base.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { startRegistry, type TestRegistry } from '../harness/registry.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'

/** `flist test` builds and runs real containers, tells the recipe line of what does not hold, and leaves nothing. */
let registry: TestRegistry
let folder: string
let before: readonly string[]
let base: string
let debian: string

beforeAll(async () => {
  registry = await startRegistry()
  folder = await mkdtemp(join(tmpdir(), 'flist-recipe-tests-'))
  base = await pushTinyBase(registry.host, folder, [
    '/bin/sleep',
    '/bin/cat',
    '/bin/ls',
    '/bin/grep',
    '/usr/bin/stat',
    '/usr/bin/tee',
  ])
  await writeRecipes(folder, {
    ...recipesWithBase(base),
    'snippets/greet/snippet.yaml': `description: Greets
options:
  name: { type: string, default: world }
run:
  - echo hello {{name}} > /etc/greeting
tests:
  - base: tiny
    expect:
      - { file: /etc/greeting, contains: hello world }
  - base: tiny
    options: { name: moon }
    environment: { PLACE: the sky }
    timeout: 2
    expect:
      - { command: cat /etc/greeting, expect: hello moon }
      - command: echo "in $PLACE"
        expect: in the sea
      - { name: it answers, port: 80 }
`,
    'snippets/broken/snippet.yaml': `description: Does not build
run:
  - 'true'
  - no-such-program --now
tests:
  - { base: tiny, expect: [{ file: /etc }] }
`,
    'images/below/image.yaml': 'description: Below\nbase: tiny\nsnippets: [greet]\n',
    'images/above/image.yaml': `description: Above
base: { image: below }
entrypoint: [/bin/sh, -c, 'echo ready > /etc/ready; exec sleep 1000']
tests:
  - { file: /etc/greeting, mode: "0644" }
  - environment: { A: "b c" }
    expect: [{ command: 'cat /etc/ready; echo "$A"', expect: b c }]
`,
    'images/short/image.yaml': `description: Ends at once
base: tiny
entrypoint: [/bin/sh, -c, 'echo cannot go on >&2; exit 7']
tests: [{ file: /etc }]
`,
    'images/slow/image.yaml': 'description: Slow\nbase: tiny\ntests: [{ port: 80 }]\n',
  })
  before = await madeByTests()
  debian = `${registry.host}/library/debian:12`
  const script = 'docker tag "$1" "$2" && docker push --quiet "$2"'
  const pushed = await runCommand('sh', ['-c', script, 'sh', await ensureDebianBase(), debian])
  if (pushed.code !== 0) throw new Error(pushed.stderr)
})
afterAll(async () => {
  await runCommand('docker', ['rmi', '--force', base, debian])
  await rm(folder, { recursive: true, force: true })
  await registry[Symbol.asyncDispose]()
})

function tests(words: readonly string[], root = folder) {
  return flist(['test', ...words, '--root', root, '--registry', `${registry.host}/images`])
}

/** Containers and images that tests made, by their ids. */
async function madeByTests(): Promise<string[]> {
  const label = 'label=io.tf-images.test'
  const containers = await runCommand('docker', ['ps', '--all', '--quiet', '--filter', label])
  const images = await runCommand('docker', ['images', '--all', '--quiet', '--filter', label])
  return (containers.stdout + images.stdout).split('\n').filter((id) => id !== '')
}

/** What there is now and was not before, such as what a run that was killed has left. */
async function leftOvers(): Promise<string[]> {
  return (await madeByTests()).filter((id) => !before.includes(id))
}

test('a check that does not hold is told with its line; the others are looked at all the same', async () => {
  const report = join(folder, 'report.xml')
  const { code, stdout, stderr } = await tests(['snippet', 'greet', '--junit', report])
  expect(code).toBe(3)
  expect(stderr).toMatch(/flist: 1 of 2 scenarios failed\n$/)
  expect(stdout).toMatch(/^snippet greet: tiny \([\d.]+ m?s\)\n {2}passed {2}file \/etc\/greeting\n/)
  expect(stdout).toContain('  passed  command "cat /etc/greeting"\n')
  expect(stdout).toContain(`  failed  command "echo \\"in $PLACE\\"": "in the sea" is not in its output: in the sky
    recipes/snippets/greet/snippet.yaml:16:9
      14 |     expect:
      15 |       - { command: cat /etc/greeting, expect: hello moon }
    > 16 |       - command: echo "in $PLACE"
         |         ^
`)
  expect(stdout).toContain('  failed  it answers: exit code 1')
  const junit = await readFile(report, 'utf8')
  expect(junit).toContain('<testsuite name="snippet greet: tiny" tests="2" failures="0"')
  expect(junit).toContain('<failure message="recipes/snippets/greet/snippet.yaml:16: ')
  expect(await leftOvers()).toEqual([])
})

test('an image is tested on what it is built on, with its own entrypoint and variables', async () => {
  const { code, stdout } = await tests(['image', 'above', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    passed: true,
    scenarios: [
      { subject: { kind: 'image', name: 'above' }, name: 'as it is', passed: true, checks: [{ passed: true }] },
      {
        name: 'with A "b c"',
        place: { file: 'recipes/images/above/image.yaml', line: 6 },
        checks: [{ passed: true, place: { line: 7 } }],
      },
    ],
  })
})

test('what does not build, and what ends at once, fails', async () => {
  const broken = await tests(['snippet', 'broken'])
  expect(broken.code).toBe(3)
  expect(broken.stdout).toContain('recipes/snippets/broken/snippet.yaml:4:5: what this adds to "broken-test-1"')
  expect(broken.stdout).toContain('> 4 |   - no-such-program --now')
  const short = await tests(['image', 'short'])
  expect(short.code).toBe(3)
  expect(short.stdout).toContain('failed  file /etc: the container ended with exit code 7')
  expect(short.stdout).toContain('the container said last:\n    cannot go on')
  expect(await leftOvers()).toEqual([])
})

test('what can not be had here is told, and does not pass', async () => {
  const far = join(folder, 'far')
  const download = (rest: object) => ({ target: '/opt/tool', architectures: { amd64: rest, arm64: rest } })
  const snippet = (rest: object, tests: object) => ({
    description: 'Far',
    ...rest,
    tests: [{ base: 'tiny', expect: [{ file: '/etc' }], ...tests }],
  })
  await writeRecipes(far, {
    'recipes.yaml': {
      registry: 'ghcr.io/example/images',
      bases: {
        tiny: { reference: base, family: 'debian' },
        far: { reference: 'registry.invalid/far:1', family: 'debian' },
      },
    },
    'snippets/base/snippet.yaml': snippet({}, { base: 'far' }),
    'snippets/commands/snippet.yaml': snippet({ network: ['crates.invalid'], run: ['false'] }, {}),
    'snippets/hash/snippet.yaml': snippet({ downloads: [download({ url: 'https://files.invalid/a' })] }, {}),
    'snippets/near/snippet.yaml': snippet({ run: ['true'] }, {}),
  })
  const { code, stdout, stderr } = await tests(['snippet', 'base', 'commands', 'hash', 'near'], far)
  expect(code).toBe(3)
  expect(stderr).toContain(`flist: 3 of 4 scenarios could not be run here:
  snippet base: there is no base far
  snippet commands: crates.invalid can not be reached from here
  snippet hash: the download from files.invalid has no hash
`)
  expect(stdout).toContain(
    '  not run  crates.invalid can not be reached from here\n           recipes/snippets/commands/snippet.yaml:',
  )
  expect(stdout).toContain('no registry answers for the base "far"')
  expect(stdout).toMatch(/snippet near: .*\n {2}passed/)
  expect(stdout).not.toContain('failed')
  const junit = join(far, 'report.xml')
  const { stdout: json } = await tests(['snippet', 'hash', '--json', '--junit', junit], far)
  expect(JSON.parse(json)).toMatchObject({
    passed: false,
    scenarios: [{ passed: false, unmet: 'the download from files.invalid has no hash' }],
  })
  expect(await readFile(junit, 'utf8')).toContain(
    '<failure message="not run: the download from files.invalid has no hash',
  )
})

test('a container that loses its power has to come up again', async () => {
  const twice = join(folder, 'twice')
  await writeRecipes(twice, {
    ...recipesWithBase(base),
    'snippets/runit/snippet.yaml': {
      description: 'Stands in for runit',
      files: [
        { target: '/sbin/init', source: 'init', mode: '0755' },
        { target: '/usr/bin/sv', content: '#!/bin/sh\necho run: it is up\n', mode: '0755' },
      ],
    },
    'snippets/runit/init': '#!/bin/sh\n[ ! -e /left ] || exit 1\n. /etc/at-boot\nexec sleep 1000\n',
    'snippets/worker/at-boot.hbs': '{{#if leaves}}\n: > /left\n{{/if}}\n',
    'snippets/worker/snippet.yaml': `description: Leaves a file, or does not
options: { leaves: { type: boolean } }
files: [{ target: /etc/at-boot, source: at-boot.hbs }]
services: [{ name: worker, type: longrun, exec: [/bin/true] }]
tests:
  - { base: tiny, supervisor: runit, options: { leaves: false }, expect: [{ service: worker }, { file: /etc }] }
  - { base: tiny, supervisor: runit, options: { leaves: true }, timeout: 3, expect: [{ service: worker }] }
`,
  })
  const { code, stdout } = await tests(['snippet', 'worker'], twice)
  expect(code).toBe(3)
  expect(stdout).toContain(
    '  passed  service worker\n  passed  file /etc\n  passed  second boot: service worker\nsnippet',
  )
  expect(stdout).toContain('  failed  second boot: service worker: the container ended with exit code 1\n')
})

test('an interrupted test leaves nothing', async () => {
  const { code } = await flist(['test', 'image', 'slow', '--root', folder, '--registry', `${registry.host}/images`], {
    onStart: (kill, stderr) => {
      stderr.on('data', (text: Buffer) => {
        if (text.toString().includes('· test:')) setTimeout(() => kill('SIGINT'), 700)
      })
    },
  })
  expect(code).toBe(130)
  expect(await leftOvers()).toEqual([])
})

test.each([
  [['image', 'below'], 'image "below": there are no tests; write them under "tests" in the definition'],
  [['snippet', 'gret'], 'recipes/snippets: no snippet "gret"; known: broken, greet'],
  [['everything'], '"everything" is no kind of test; say "snippet" or "image", or give --all'],
  [[], 'nothing is no kind of test'],
  [['snippet'], 'no snippet is named; name some, or give --all'],
])('%j is refused', async (words, message) => {
  const { code, stderr } = await tests(words)
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
})

test('nginx of this repository is up on Debian, as its scenarios say', async () => {
  const { code, stdout } = await tests(['snippet', 'nginx'], repository)
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining('  passed  second boot: service nginx\n'),
  })
  expect(await leftOvers()).toEqual([])
})
