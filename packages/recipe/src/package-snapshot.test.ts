// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell and Dockerfile texts

import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { compareLockOffline, formatLockDifference, lockOf } from './lock.ts'
import { problemsOf, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

const base = (lines: string, family = 'debian') => ({
  'recipes/recipes.yaml': `registry: registry.example/images
bases:
  debian:12: { reference: docker.io/library/debian:12, family: ${family}, snapshot: ${lines} }
`,
})
const LINES = '["deb [check-valid-until=no] http://archive.example/{date}/debian bookworm main"]'

const dockerfile = async (changes: Parameters<typeof project>[0], image: string) =>
  renderImage(await loadRecipes(await project(changes)), image)
    .files.get('Dockerfile')
    ?.content.toString()

test('the image on the base takes its packages from the archive of a date that the lock has', async () => {
  expect(await dockerfile(base(LINES), 'base')).toContain(`
FROM \${BASE}

# Packages as they were at the date that recipes.lock.yaml has
ARG SNAPSHOT
RUN : "\${SNAPSHOT:?recipes/recipes.yaml: no date of the packages for debian:12; build with flist, after: flist lock}" \\
 && rm -f /etc/apt/sources.list.d/* \\
 && printf '%s\\n' "deb [check-valid-until=no] http://archive.example/\${SNAPSHOT}/debian bookworm main" > /etc/apt/sources.list

`)
})

test('so do its stages that install; what is on top of it has it from there', async () => {
  const stages = `description: A tool
stages: [{ name: builder, packages: { apt: [gcc] }, run: [make], copy: [{ from: /a, to: /b }] }]
`
  const changes = {
    ...base(LINES),
    'recipes/snippets/tool/snippet.yaml': stages,
    'recipes/images/base/image.yaml': 'description: x\nbase: debian:12\nsnippets: [tool]\nsupervisor: runit\n',
  }
  expect((await dockerfile(changes, 'base'))?.match(/^ARG SNAPSHOT$/gm)).toHaveLength(2)
  expect(await dockerfile(changes, 'site')).not.toContain('SNAPSHOT')
})

test('a mirror of pacman has the variables that pacman fills in, and the parts of the date', async () => {
  const changes = {
    ...base("['Server = https://archive.example/repos/{year}/{month}/{day}/$repo/os/$arch']", 'arch'),
    'recipes/images/base/image.yaml': 'description: x\nbase: debian:12\n',
    'recipes/images/site/image.yaml': null,
  }
  const text = await dockerfile(changes, 'base')
  const [command = ''] = /printf '%s.n' .*(?= > .etc.pacman.d.mirrorlist$)/m.exec(text ?? '') ?? []
  const { stdout } = spawnSync('sh', ['-c', command], { env: { SNAPSHOT: '20240131T120000Z' } })
  expect(stdout.toString()).toBe('Server = https://archive.example/repos/2024/01/31/$repo/os/$arch\n')
})

test('the lock has the date', async () => {
  const recipes = await loadRecipes(await project(base(LINES)))
  const digests = new Map([['debian:12', `sha256:${'b'.repeat(64)}`]])
  const lock = lockOf(recipes, digests, new Map(), new Map([['debian:12', '20240131T000000Z']]))
  expect(lock.snapshots).toEqual({ 'debian:12': '20240131T000000Z' })
  expect(compareLockOffline(lock, recipes)).toEqual([])
  const without = await loadRecipes(await project())
  expect(compareLockOffline(lock, without).map(formatLockDifference)).toEqual([
    'snapshot debian:12: in the lock, but not used any more',
  ])
  expect(lockOf(without, digests)).not.toHaveProperty('snapshots')
})

test.each([
  ['["deb http://archive.example/debian bookworm main"]', 'debian', /has no \{date\}/],
  ['["deb http://$(id)/{date} bookworm main"]', 'debian', /is no line of sources/],
  ["['deb http://x\"/{date} bookworm main']", 'debian', /is no line of sources/],
  ["['Server = http://x/{date}/$HOME']", 'arch', /is no line of sources/],
  ["['Server = http://x/{date}/$architecture']", 'arch', /is no line of sources/],
  ["['deb http://x/{date}/$arch bookworm main']", 'debian', /only pacman fills these in/],
  [LINES, 'fedora', /can have no snapshot/],
])('%s for %s', async (lines, family, fault) => {
  expect((await problemsOf(base(lines, family))).join('\n')).toMatch(fault)
})
