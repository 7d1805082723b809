import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { CLOUD_INIT_FILE } from './cloud-init-schema.ts'
import { formatProblem, RecipeError } from './problem.ts'
import { project } from './recipe-fixture.ts'
import { loadVms } from './vm.ts'

const FILE = 'recipes/vms/machine/vm.yaml'
const MACHINE = 'description: A machine\ndistribution: debian\nrelease: bookworm\nkernel: linux-image-cloud-amd64\n'

async function load(lines: string) {
  const vms = await loadVms(await project({ [FILE]: `${MACHINE}cloudInit:\n${lines}` }))
  return vms.get('machine')
}

test('settings are a file that is read before what every machine gets', async () => {
  const vm = await load(`  timezone: Europe/Brussels
  runcmd:
    - [touch, /var/lib/ready]
    - "echo it's: done"
  write_files:
    - { path: /etc/motd, content: "hello\\n", permissions: "0600" }
  ntp: { servers: [ntp.example] }
  swap: { filename: /mnt/swap, size: 512M }
`)
  const [step] = vm?.steps ?? []
  expect(step).toMatchObject({ kind: 'file', target: CLOUD_INIT_FILE, mode: 0o644 })
  expect(CLOUD_INIT_FILE < '/etc/cloud/cloud.cfg.d/99-zos.cfg').toBe(true)
  expect(step?.kind === 'file' && parse(step.content.toString())).toEqual({
    timezone: 'Europe/Brussels',
    runcmd: [['touch', '/var/lib/ready'], "echo it's: done"],
    write_files: [{ path: '/etc/motd', content: 'hello\n', permissions: '0600' }],
    ntp: { servers: ['ntp.example'] },
    swap: { filename: '/mnt/swap', size: '512M' },
  })
})

test.each([
  ['the sources of its data', 'datasource_list: [Ec2]'],
  ['settings of a source', 'datasource: { NoCloud: { seedfrom: "http://x/" } }'],
  ['the network', 'network: { config: disabled }'],
  ['the list of modules', 'cloud_init_modules: []'],
  ['the system', 'system_info: { default_user: x }'],
  ['the keys of root', 'disable_root: true'],
  ['the name', 'preserve_hostname: true'],
  ['the message that it is done', 'final_message: bye'],
  ['users, which have a list of their own', 'users: []'],
  ['a command that is none', 'runcmd: [[]]'],
  ['a zone that is none', 'timezone: ../etc/passwd'],
  ['a file of cloud-init', 'write_files: [{ path: /etc/cloud/cloud-init.disabled, content: "" }]'],
  ['a file of the network', 'write_files: [{ path: /etc/netplan/99.yaml, content: "" }]'],
  ['a package that is none', 'packages: [--root]'],
])('%s is refused', async (_what, line) => {
  const error = await load(`  ${line}\n`).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const problems = error instanceof RecipeError ? error.problems.map(formatProblem) : []
  expect(problems).toEqual([expect.stringMatching(`^${FILE}:6:`)])
})
