import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { formatProblem, RecipeError } from './problem.ts'
import { PROJECT, project } from './recipe-fixture.ts'
import { loadVms } from './vm.ts'
import type { VmStep } from './vm-contents.ts'

const FILE = 'recipes/vms/machine/vm.yaml'
const MACHINE = 'description: A machine\ndistribution: debian\nrelease: bookworm\nkernel: linux-image-cloud-amd64\n'
const SITE = 'recipes/images/site/image.yaml'
const BOOTSTRAP = `registry: registry.example/images
bases:
  debian:12:
    reference: docker.io/library/debian:12
    family: debian
    bootstrap: { tool: mmdebstrap, release: bookworm, components: [main] }
  alpine:3: { reference: docker.io/library/alpine:3, family: alpine }
`

async function load(changes: Readonly<Record<string, string>>) {
  return loadVms(await project(changes))
}

async function problemsOf(changes: Readonly<Record<string, string>>): Promise<string[]> {
  const error = await load(changes).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) return []
  if (!(error instanceof RecipeError)) throw error
  return error.problems.map(formatProblem)
}

/** A step in a line. */
function brief(step: VmStep): string {
  if (step.kind === 'file') return `file ${step.target} ${step.mode.toString(8)}`
  if (step.kind === 'download') return `download ${step.target}`
  return `run ${step.commands.map(({ text }) => text).join(' && ')}`
}

const textOf = (steps: readonly VmStep[], target: string) =>
  steps.flatMap((step) => (step.kind === 'file' && step.target === target ? [step.content.toString()] : []))[0]

const services = '/etc/systemd/system'
const scripts = '/usr/local/libexec'
const shared = [
  `file ${services}/tf-oneshots.target 644`,
  `file ${services}/tf-deployment.service 644`,
  `file ${scripts}/tf-deployment 755`,
  `file ${scripts}/tf-output 755`,
]

describe('snippets of a machine', () => {
  test('packages join those of the machine, commands and files are steps, systemd starts the services', async () => {
    const vm = (await load({ [FILE]: `${MACHINE}packages: [curl]\nsnippets: [{ web: { port: 81 } }]\n` })).get(
      'machine',
    )
    expect(vm?.packages).toEqual(['curl', 'nginx'])
    expect(vm?.places.packages).toEqual([
      { file: FILE, line: 5, column: 12 },
      { file: 'recipes/snippets/web/snippet.yaml', line: 8, column: 19 },
    ])
    expect(vm?.steps.map(brief)).toEqual([
      'file /etc/web.conf 644',
      `file ${services}/tf-web.service 644`,
      "run systemctl enable tf-web.service && web-setup --greeting 'hello'",
      ...shared,
    ])
    expect(textOf(vm?.steps ?? [], '/etc/web.conf')).toBe('port = 81\nlevel = info\n')
    expect(textOf(vm?.steps ?? [], `${services}/tf-web.service`)).toBe(`[Unit]
Description=web
Wants=tf-deployment.service tf-oneshots.target
After=tf-deployment.service tf-oneshots.target

[Service]
ExecStart=/usr/local/libexec/tf-output /usr/sbin/web --port 81
EnvironmentFile=-/etc/tf-environment
EnvironmentFile=-/run/tf-deployment.env
StandardOutput=journal
StandardError=journal
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`)
    expect(vm).toMatchObject({
      ports: ['81'],
      checks: [
        { kind: 'service', service: 'tf-web' },
        { kind: 'port', port: 81 },
      ],
    })
  })

  test('a one-shot starts without a service that waits for it', async () => {
    const snippet =
      'description: Once\nservices:\n  - { name: once, type: oneshot, exec: [/bin/once], environment: [KEY] }\n'
    const vms = await load({ [FILE]: `${MACHINE}snippets: [once]\n`, 'recipes/snippets/once/snippet.yaml': snippet })
    const { steps = [], checks } = vms.get('machine') ?? {}
    const unit = textOf(steps, `${services}/tf-once.service`)
    expect(unit).toContain('Wants=tf-deployment.service\nAfter=tf-deployment.service\nBefore=tf-oneshots.target\n')
    expect(unit).toContain('WantedBy=tf-oneshots.target multi-user.target\n')
    expect(unit).not.toContain('PassEnvironment')
    expect(checks).toEqual([])
  })

  test('variables are there for later commands, in the flist, and for the services in a file', async () => {
    const snippet =
      'description: x\nenvironment: { GREETING: "say \\"$1\\" \\\\ it\'s" }\nrun: [build]\nvolumes: [/srv]\n'
    const vms = await load({ [FILE]: `${MACHINE}snippets: [env]\n`, 'recipes/snippets/env/snippet.yaml': snippet })
    const value = `say "$1" \\ it's`
    const { steps = [], environment, volumes } = vms.get('machine') ?? {}
    expect({ environment, volumes }).toEqual({ environment: { GREETING: value }, volumes: ['/srv'] })
    expect(steps[0]).toMatchObject({ kind: 'command', environment: { GREETING: value } })
    const quoted = textOf(steps, '/etc/tf-environment') ?? ''
    expect(quoted).toBe('GREETING="say \\"\\$1\\" \\\\ it\'s"\n')
    // What systemd reads in double quotes, a shell reads in the same way.
    expect(execFileSync('sh', ['-c', `${quoted} printf %s "$GREETING"`], { encoding: 'utf8' })).toBe(value)
  })

  test('a download of this processor, with its hash and place', async () => {
    const hash = 'ab'.repeat(32)
    const snippet = `description: x
downloads:
  - target: /opt/tool
    architectures:
      amd64: { url: "https://tools.example/tool.tar.gz", sha256: ${hash} }
      arm64: { url: "https://tools.example/other.tar.gz", sha256: ${hash} }
    unpack: { strip: 1 }
`
    const vms = await load({ [FILE]: `${MACHINE}snippets: [tool]\n`, 'recipes/snippets/tool/snippet.yaml': snippet })
    expect(vms.get('machine')?.steps).toEqual([
      {
        kind: 'download',
        url: 'https://tools.example/tool.tar.gz',
        sha256: hash,
        target: '/opt/tool',
        mode: 0o644,
        archive: { format: 'tar', strip: 1 },
        place: { file: 'recipes/snippets/tool/snippet.yaml', line: 3, column: 13 },
      },
    ])
  })

  test('a download whose hash the lock has', async () => {
    const url = 'https://tools.example/tool'
    const files = {
      [FILE]: `${MACHINE}snippets: [tool]\n`,
      'recipes/snippets/tool/snippet.yaml': `description: x\ndownloads:\n  - { target: /a, architectures: { amd64: { url: "${url}" } } }\n`,
    }
    expect(await problemsOf(files)).toEqual([
      `recipes/snippets/tool/snippet.yaml:3:50: no sha256 of ${url} in the snippet or the lock; add it to the snippet, or ` +
        'run: flist lock',
    ])
    const sha256 = 'cd'.repeat(32)
    const lock = `bases: {}\nsnippets: {}\ndownloads:\n  "${url}": ${sha256}\n`
    const vms = await load({ ...files, 'recipes.lock.yaml': lock })
    expect(vms.get('machine')?.steps).toMatchObject([{ kind: 'download', url, sha256, target: '/a' }])
  })

  test('what brings a supervisor into images brings none into a machine', async () => {
    const vms = await load({ [FILE]: `${MACHINE}snippets: [runit, web]\n` })
    expect(vms.get('machine')?.packages).toEqual(['nginx'])
  })
})

describe('an image with a kernel', () => {
  const withKernel = { 'recipes/recipes.yaml': BOOTSTRAP, [SITE]: `${PROJECT[SITE]}kernel: linux-image-cloud-amd64\n` }

  test('is a machine too, with what it is built on, and without the supervisor of containers', async () => {
    const vms = await load({ ...withKernel, 'recipes/vms/other/vm.yaml': MACHINE })
    expect([...vms.keys()]).toEqual(['other', 'site'])
    const vm = vms.get('site')
    expect(vm).toMatchObject({
      distribution: 'debian',
      release: 'bookworm',
      kernel: 'linux-image-cloud-amd64',
      packages: ['nginx'],
      ports: ['8080'],
      checks: [
        { kind: 'command', command: 'cloud-init status', expect: 'status: done' },
        { kind: 'port', port: 22 },
        { kind: 'service', service: 'tf-web' },
        { kind: 'port', port: 8080 },
      ],
      places: { kernel: { file: SITE, line: 5, column: 9 } },
    })
    expect(vm?.steps.map(brief)).not.toContain('file /sbin/init 755')
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'another machine has its name',
      { ...withKernel, 'recipes/vms/site/vm.yaml': MACHINE },
      `${SITE}:5:9: there is another virtual machine "site"; rename the one in recipes/vms/site/vm.yaml, or leave out "kernel"`,
    ],
    [
      'an image has the name that the machine is published with',
      { ...withKernel, 'recipes/images/site-vm/image.yaml': 'description: x\nbase: debian:12\n' },
      'recipes/images/site-vm/image.yaml:1:14: image "site-vm" and virtual machine "site" would both be published as ' +
        '"site-vm.flist"; rename one of them',
    ],
    [
      'its base can not be made',
      { 'recipes/recipes.yaml': BOOTSTRAP, [SITE]: 'description: x\nbase: alpine:3\nkernel: linux-virt\n' },
      `${SITE}:3:9: "alpine:3" has no release that a virtual machine can be made of; give the base a "bootstrap" in ` +
        'recipes/recipes.yaml, or leave out "kernel"',
    ],
    [
      'it has a command of its own',
      { ...withKernel, [SITE]: `${withKernel[SITE]}entrypoint: [/bin/web]\n` },
      `${SITE}:6:1: "entrypoint" is for containers, and "site" is to be a virtual machine too; use a service of a snippet; ` +
        'or leave out "kernel"',
    ],
    [
      'it has instructions of its own',
      { ...withKernel, [SITE]: `${withKernel[SITE]}dockerfile: |\n  RUN true\n` },
      `${SITE}:7:3: "dockerfile" is for containers, and "site" is to be a virtual machine too; use a service of a snippet; ` +
        'or leave out "kernel"',
    ],
  ])('but not when %s', async (_what, changes, problem) => {
    expect(await problemsOf(changes)).toEqual([problem])
  })
})

test.each<[string, string, Record<string, string>, string]>([
  ['a snippet there is none of', 'snippets: [wbe]\n', {}, `${FILE}:5:12: no snippet "wbe"; did you mean "web"?`],
  [
    'an option it does not have',
    'snippets: [{ web: { prot: 1 } }]\n',
    {},
    `${FILE}:5:27: snippet "web" has no option "prot"; did you mean "port"?`,
  ],
  [
    'a stage, which is for images',
    'snippets: [built]\n',
    {
      'recipes/snippets/built/snippet.yaml':
        'description: x\nstages:\n  - { name: make, run: [make], copy: [{ from: /a, to: /b }] }\n',
    },
    `${FILE}:5:12: snippet "built" has a stage "make", which only a build of an image has; leave it out of the virtual ` +
      'machine "machine", or give it a package or a download in its place',
  ],
  [
    'no download for the processor of the nodes',
    'snippets: [tool]\n',
    {
      'recipes/snippets/tool/snippet.yaml': `description: x\ndownloads:\n  - target: /a\n    architectures: { arm64: { url: "https://a.example/a", sha256: ${'a'.repeat(64)} } }\n`,
    },
    'recipes/snippets/tool/snippet.yaml:3:13: "/a" has no download for amd64; nodes have no other processors: add it',
  ],
  [
    'another distribution',
    'snippets: [ubuntu]\n',
    { 'recipes/snippets/ubuntu/snippet.yaml': 'description: x\ndistributions: [ubuntu]\n' },
    `${FILE}:5:12: snippet "ubuntu" does not support "debian:12"; it supports ubuntu`,
  ],
  [
    'no packages for its package manager',
    'snippets: [dnf]\n',
    { 'recipes/snippets/dnf/snippet.yaml': 'description: x\npackages: { dnf: [x] }\n' },
    `${FILE}:5:12: snippet "dnf" has no packages for apt; it has them for dnf`,
  ],
])('%s', async (_what, lines, files, problem) => {
  expect(await problemsOf({ ...files, [FILE]: MACHINE + lines })).toEqual([problem])
})
