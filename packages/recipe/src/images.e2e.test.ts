import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureDebianBase } from '../../../test/harness/debian-base.ts'
import { withParents } from './build-order.ts'
import { loadRecipes } from './recipes.ts'

/** The images of this repository, built from their committed contexts by an engine and started. */
const ROOT = join(import.meta.dirname, '../../..')
const run = `recipe-images-${randomBytes(4).toString('hex')}`
const built: string[] = []
const containers: string[] = []
let keys = ''

function docker(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', words, {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  })
  if (status !== 0) throw new Error(`docker ${words[0]}: ${stderr}${stdout}`)
  return stdout
}

const image = (name: string) => `${run}/${name}`

/** Starts a container and waits until its SSH server answers. */
async function start(name: string, sshKey: string): Promise<string> {
  const id = docker('run', '--detach', '--env', `SSH_KEY=${sshKey}`, '--volume', `${keys}:/keys:ro`, image(name)).trim()
  containers.push(id)
  await answers(id)
  return id
}

async function answers(id: string): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (spawnSync('docker', ['exec', id, 'sv', 'check', 'sshd']).status === 0) {
      if (spawnSync('docker', ['exec', id, 'ssh-keyscan', '127.0.0.1']).stdout?.length) return
    }
    await setTimeout(250)
  }
  throw new Error(`no SSH server after 15 seconds:\n${docker('logs', id)}`)
}

/** Logs in over SSH from inside the container, so that the host needs neither a client nor a way in. */
function login(id: string, key: string, command: string): { status: number | null; stdout: string } {
  const options = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'BatchMode=yes']
  return spawnSync('docker', ['exec', id, 'ssh', ...options, '-i', `/keys/${key}`, 'root@127.0.0.1', command], {
    encoding: 'utf8',
  })
}

async function publicKey(name: string): Promise<string> {
  return (await readFile(join(keys, `${name}.pub`), 'utf8')).trim()
}

beforeAll(async () => {
  const [recipes, debian] = [await loadRecipes(ROOT), await ensureDebianBase()]
  for (const name of withParents(recipes, ['nginx'])) {
    const base = recipes.images.get(name)?.base
    const parent = base?.kind === 'image' ? image(base.name) : debian
    docker('build', '--quiet', '--build-arg', `BASE=${parent}`, '--tag', image(name), join(ROOT, 'dockerfiles', name))
    built.push(image(name))
  }
  keys = await mkdtemp(join(tmpdir(), 'recipe-keys-'))
  await writeFile(
    join(keys, 'make'),
    'for key in one two three; do ssh-keygen -q -t ed25519 -N "" -C "$key" -f /keys/$key; done\n',
  )
  docker('run', '--rm', '--volume', `${keys}:/keys`, '--entrypoint', 'sh', image('debian-12'), '/keys/make')
})

afterAll(async () => {
  for (const id of containers) spawnSync('docker', ['rm', '--force', '--volumes', id])
  for (const name of built.reverse()) spawnSync('docker', ['rmi', '--force', name])
  await rm(keys, { recursive: true, force: true })
})

describe('debian-12', () => {
  test.each([
    ['commas', ','],
    ['line breaks', '\n'],
    ['both, with blanks around', ' ,\r\n\n '],
  ])('logs in the keys of SSH_KEY, separated by %s', async (_, separator) => {
    const id = await start('debian-12', `${await publicKey('one')}${separator}${await publicKey('two')}`)
    expect(login(id, 'one', 'id -un').stdout).toBe('root\n')
    expect(login(id, 'two', 'id -un').stdout).toBe('root\n')
    expect(login(id, 'three', 'id -un').status).not.toBe(0)
  })

  test('keeps its host keys and other authorized keys over a restart', async () => {
    const id = await start('debian-12', await publicKey('one'))
    const hostKeys = docker('exec', id, 'sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub')
    docker('exec', id, 'sh', '-c', 'cat /keys/three.pub >> /root/.ssh/authorized_keys')
    docker('restart', id)
    await answers(id)
    expect(docker('exec', id, 'sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub')).toBe(hostKeys)
    expect(login(id, 'one', 'true').status).toBe(0)
    expect(login(id, 'three', 'true').status).toBe(0)
    const file = docker('exec', id, 'cat', '/root/.ssh/authorized_keys')
    expect(file.match(/ one$/gm)).toHaveLength(1)
    expect(docker('exec', id, 'stat', '-c', '%a', '/root', '/root/.ssh', '/root/.ssh/authorized_keys')).toBe(
      '700\n700\n600\n',
    )
  })

  test('starts without keys, and lets nobody in', async () => {
    const id = await start('debian-12', '')
    expect(login(id, 'one', 'true').status).not.toBe(0)
    expect(spawnSync('docker', ['exec', id, 'test', '-e', '/root/.ssh/authorized_keys']).status).toBe(1)
  })

  test('every container has host keys of its own', async () => {
    const [first, second] = [await start('debian-12', ''), await start('debian-12', '')]
    const hostKey = (id: string) => docker('exec', id, 'cat', '/etc/ssh/ssh_host_ed25519_key.pub')
    expect(hostKey(first)).not.toBe(hostKey(second))
  })

  test('reaps orphans and starts its supervisor again', async () => {
    const id = await start('debian-12', '')
    docker('exec', id, 'sh', '-c', '(sleep 0.1 &)')
    docker('exec', id, 'sh', '-c', 'kill -KILL $(pidof runsvdir)')
    await setTimeout(2500)
    expect(docker('exec', id, 'ps', '-e', '-o', 'ppid=,stat=,comm=')).not.toMatch(/^\s*1\s+Z/m)
    expect(docker('exec', id, 'pidof', 'runsvdir').trim()).toMatch(/^\d+$/)
    expect(docker('exec', id, 'sv', 'status', 'sshd')).toMatch(/^run: /)
  })
})

describe('nginx', () => {
  test('answers, takes the keys of its base, and stops in seconds', async () => {
    const id = await start('nginx', await publicKey('one'))
    const page = `exec 3<> /dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3`
    expect(docker('exec', id, 'bash', '-c', page)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*<h1>It works<\/h1>/)
    expect(login(id, 'one', 'true').status).toBe(0)
    expect(docker('logs', id)).toContain('"GET / HTTP/1.0" 200')
    const started = Date.now()
    docker('stop', id)
    expect(Date.now() - started).toBeLessThan(5000)
    expect(docker('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0\n')
  })
})

/** zos mounts the image as the root of a machine: what it looks at, and what must not be the same on two machines. */
describe.each(['debian-12', 'nginx'])('%s keeps the contract of zos', (name) => {
  let id = ''
  const shell = (command: string) => docker('exec', id, 'sh', '-c', command).trim()

  beforeAll(() => {
    id = docker('run', '--detach', '--entrypoint', 'sleep', image(name), 'infinity').trim()
    containers.push(id)
  })

  test('the entrypoint is an absolute, executable path over no absolute link', () => {
    expect(docker('inspect', '--format', '{{json .Config.Entrypoint}}', image(name)).trim()).toBe('["/sbin/init"]')
    expect(shell('test -x /sbin/init && test ! -L /sbin/init && readlink /sbin')).not.toMatch(/^\//)
  })

  test.each([
    ['no host keys', 'find /etc/ssh -name "ssh_host_*"'],
    ['no authorized keys', 'find /root /home -name authorized_keys'],
    ['an empty machine-id', 'cat /etc/machine-id'],
    ['no package lists or packages', 'find /var/lib/apt/lists /var/cache/apt -type f -size +0'],
    ['no logs', 'find /var/log -type f -size +0'],
    ['no link for resolv.conf', 'find /etc/resolv.conf -type l'],
    ['no state of services', 'find /etc/runit/runsvdir/services -name supervise'],
  ])('it has %s', (_, command) => {
    expect(shell(command)).toBe('')
  })
})
