import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { formatProblem, RecipeError } from './problem.ts'
import { loadVms } from './vm.ts'

const FILE = 'recipes/vms/machine/vm.yaml'
const SMALL = 'description: A machine\ndistribution: debian\nrelease: bookworm\nkernel: linux-image-cloud-amd64\n'

async function load(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'recipe-vm-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return loadVms(root)
}

async function problemsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const error = await load(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof RecipeError ? error.problems.map(formatProblem) : []
}

test('what is not said has defaults', async () => {
  const vms = await load({ [FILE]: SMALL })
  expect(vms.get('machine')).toEqual({
    name: 'machine',
    file: FILE,
    description: 'A machine',
    distribution: 'debian',
    bootstrap: 'mmdebstrap',
    release: 'bookworm',
    components: ['main'],
    kernel: 'linux-image-cloud-amd64',
    packages: [],
    users: [],
    memory: 1024,
    checks: [],
    steps: [],
    ports: [],
    volumes: [],
    environment: {},
    places: { release: { file: FILE, line: 3, column: 10 }, kernel: { file: FILE, line: 4, column: 9 }, packages: [] },
  })
})

test('keys of the archive are a file of recipes/', async () => {
  const lines = 'keyring: keys/archive.gpg\n'
  const vms = await load({ [FILE]: SMALL + lines, 'recipes/keys/archive.gpg': 'keys' })
  expect(vms.get('machine')?.keyring).toMatch(/^\/.*\/recipes\/keys\/archive\.gpg$/)
  expect(await problemsOf({ [FILE]: SMALL + lines })).toEqual([
    expect.stringContaining(`${FILE}:5:10: no file "keys/archive.gpg" in recipes/`),
  ])
})

test('files and checks', async () => {
  const lines = `files:
  - { target: /etc/motd, source: motd, mode: "0600" }
  - { target: /etc/name, source: name.hbs, owner: www-data }
checks:
  - { command: cloud-init status, expect: done }
  - port: 22
  - file: /etc/motd
  - service: ssh
`
  const folder = 'recipes/vms/machine'
  const sources = { [`${folder}/motd`]: 'hello\n', [`${folder}/name.hbs`]: 'I am {{image.name}}\n' }
  const vms = await load({ [FILE]: SMALL + lines, ...sources })
  expect(vms.get('machine')).toMatchObject({
    steps: [
      { kind: 'file', target: '/etc/motd', mode: 0o600, content: Buffer.from('hello\n') },
      { kind: 'file', target: '/etc/name', owner: 'www-data', content: Buffer.from('I am machine\n') },
    ],
    checks: [
      { kind: 'command', command: 'cloud-init status', expect: 'done' },
      { kind: 'port', port: 22 },
      { kind: 'file', path: '/etc/motd' },
      { kind: 'service', service: 'ssh' },
    ],
  })
})

test('users and the largest size', async () => {
  const lines = 'size: 600\nusers:\n  - { name: web, groups: [docker], keys: [ssh-ed25519 AAAAC3 me@home] }\n'
  const vms = await load({ [FILE]: SMALL + lines })
  expect(vms.get('machine')).toMatchObject({
    size: 600,
    users: [{ name: 'web', groups: ['docker'], shell: '/bin/bash', keys: ['ssh-ed25519 AAAAC3 me@home'] }],
  })
})

test('where a package is asked for', async () => {
  const vms = await load({ [FILE]: `${SMALL}packages:\n  - nginx\n  - curl\n` })
  expect(vms.get('machine')?.places.packages).toEqual([
    { file: FILE, line: 6, column: 5 },
    { file: FILE, line: 7, column: 5 },
  ])
})

test('a project without machines', async () => {
  expect((await load({ 'README.md': '' })).size).toBe(0)
})

test.each<[string, Record<string, string>, string]>([
  ['no file', { 'recipes/vms/machine/motd': '' }, `${FILE}:1:1: the file is missing; write it, or remove the folder`],
  ['a bad name', { 'recipes/vms/Machine/vm.yaml': SMALL }, 'recipes/vms/Machine/vm.yaml:1:1: "Machine" is no name: '],
  ['another distribution', { [FILE]: SMALL.replace('debian', 'plan9') }, `${FILE}:2:15: `],
  ['a release that is none', { [FILE]: SMALL.replace('bookworm', '../x') }, `${FILE}:3:10: `],
  ['a package that is none', { [FILE]: `${SMALL}packages: [nginx, --root]\n` }, `${FILE}:5:19: `],
  ['too little memory', { [FILE]: `${SMALL}memory: 100\n` }, `${FILE}:5:9: `],
  ['a check of no kind', { [FILE]: `${SMALL}checks: [{ prot: 22 }]\n` }, `${FILE}:5:10: `],
  ['a user that is none', { [FILE]: `${SMALL}users: [{ name: "a b" }]\n` }, `${FILE}:5:17: `],
  ['a key that is none', { [FILE]: `${SMALL}users: [{ name: a, keys: ["x"] }]\n` }, `${FILE}:5:27: `],
  ['a machine without a size', { [FILE]: `${SMALL}size: 0\n` }, `${FILE}:5:7: `],
  [
    'a file that is missing',
    { [FILE]: `${SMALL}files: [{ target: /a, source: b }]\n` },
    `${FILE}:5:31: no file "recipes/vms/machine/b"`,
  ],
])('%s', async (_what, files, problem) => {
  expect(await problemsOf(files)).toContainEqual(expect.stringContaining(problem))
})
