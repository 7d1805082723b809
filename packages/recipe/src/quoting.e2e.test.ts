import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureDebianBase } from '../../../test/harness/debian-base.ts'
import { formatJson, formatRun, quoteDockerfile } from './dockerfile.ts'
import { quoteShell } from './shell.ts'

/** What an engine makes of the Dockerfiles written here. */

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: expansions are what must not happen
const VALUES = [
  'plain',
  '',
  ' two  spaces ',
  'say "hi"',
  "it's",
  'a\\',
  '\\"',
  '\\$HOME',
  '$HOME ${HOME} ${HOME:-x} $(id) `id`',
  '{{x}} {{> y}}',
  '# no comment',
  '<<EOF',
  'a=b c="d" \\\\',
  'tab\there',
  'ünïcødé 😀 \u2028',
  '[ "a" ]',
]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: end
const BROKEN = ['a\nb', '\n', 'a\\\nb', "'\n'", '\r\n', '# x\n# y', 'a\n\n#b']

const tag = `recipe-quoting-${randomBytes(4).toString('hex')}`
let folder = ''

function docker(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', words, {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  })
  expect({ status, stderr: status === 0 ? '' : stderr + stdout }).toEqual({ status: 0, stderr: '' })
  return stdout
}

async function build(instructions: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'Dockerfile'), `${instructions.join('\n')}\n`)
  docker('build', '--quiet', '--tag', tag, folder)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recipe-quoting-'))
})

afterAll(async () => {
  spawnSync('docker', ['rmi', '--force', tag])
  await rm(folder, { recursive: true, force: true })
})

test('values of ENV and LABEL, and words of ENTRYPOINT and CMD, arrive as they were', async () => {
  await build([
    'FROM scratch',
    `ENV ${VALUES.map((value, index) => `V${index}=${quoteDockerfile(value)}`).join(' \\\n    ')}`,
    `LABEL ${VALUES.map((value, index) => `org.example.v${index}=${quoteDockerfile(value)}`).join(' \\\n      ')}`,
    `ENTRYPOINT ${formatJson([...VALUES, ...BROKEN])}`,
    `CMD ${formatJson([...VALUES, ...BROKEN])}`,
  ])
  const [{ Config: config }] = JSON.parse(docker('inspect', tag))
  const environment = config.Env.filter((pair: string) => !pair.startsWith('PATH='))
  expect(environment).toEqual(VALUES.map((value, index) => `V${index}=${value}`))
  expect(config.Labels).toEqual(Object.fromEntries(VALUES.map((value, index) => [`org.example.v${index}`, value])))
  expect(config.Entrypoint).toEqual([...VALUES, ...BROKEN])
  expect(config.Cmd).toEqual([...VALUES, ...BROKEN])
})

test.each([
  ['on their line', VALUES],
  ['with line breaks', [...VALUES, ...BROKEN]],
])('values of RUN arrive as they were, %s', async (_, values) => {
  const print = `printf '%s\\0' ${values.map(quoteShell).join(' \0')} > /values`
  await build([
    `FROM ${await ensureDebianBase()}`,
    formatRun([
      { text: 'true || false', compound: true },
      { text: print, compound: false },
    ]),
  ])
  const written = docker('run', '--rm', '--entrypoint', 'cat', tag, '/values')
  expect(written.split('\0').slice(0, -1)).toEqual(values)
})
