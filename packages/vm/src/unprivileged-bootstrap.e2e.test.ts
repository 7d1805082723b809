import { execFile, spawn } from 'node:child_process'
import { chmod, chown, mkdir, readdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AptRepository, createAptRepository, essentialPackage } from '../test/apt-repository.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { bootstrapDebian } from './bootstrap.ts'

const run = promisify(execFile)
const source = new URL('..', import.meta.url).pathname
const user = 4321

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let archive: AptRepository
beforeAll(async () => {
  folder = await temporaryFolder()
  await chmod(folder.path, 0o755)
  const path = join(folder.path, 'archive')
  await mkdir(path)
  const apt = { name: 'apt', control: ['Priority: required'] }
  archive = await createAptRepository({
    path,
    release: 'noble',
    components: ['main'],
    packages: [essentialPackage, apt],
  })
})
afterAll(async () => {
  await archive.close()
  await folder[Symbol.asyncDispose]()
})

async function optionsIn(name: string) {
  const own = join(folder.path, name)
  const temporary = join(own, 'tmp')
  await mkdir(temporary, { recursive: true })
  for (const path of [own, temporary]) await chown(path, user, user)
  const { url: mirror, keyring } = archive
  const options = { release: 'noble', components: ['main'], sourceDateEpoch: 1000, mirror, keyring, temporary }
  return { ...options, output: join(own, 'root.tar') }
}

/**
 * Runs the bootstrap as the user, without any right of root. The clone may be where only root looks, so it is mounted elsewhere too.
 *
 * @param mounts further files, by the place they are mounted at
 * @param inside stands before the program
 */
async function bootstrapAsUser(
  options: object,
  mounts: Readonly<Record<string, string>> = {},
  inside: readonly string[] = [],
): Promise<unknown> {
  const [node, packages] = [join(folder.path, 'node'), join(folder.path, 'packages')]
  await writeFile(node, '')
  await mkdir(packages, { recursive: true })
  const all = { [node]: await realpath(process.execPath), [packages]: source, ...mounts }
  const binds = Object.entries(all).map(([place, path]) => `mount --bind '${path}' '${place}'`)
  const words = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--']
  const program = [node, join(packages, 'test/unprivileged-bootstrap.ts'), JSON.stringify(options)]
  const command = [...inside, 'setpriv', ...words, ...program]
  const { stdout } = await run('unshare', [
    '--mount',
    'sh',
    '-c',
    `${binds.join(' && ')} && exec "$@"`,
    'sh',
    ...command,
  ])
  return JSON.parse(stdout)
}

test('a user with a range of ids makes the same bytes as root', async () => {
  const options = await optionsIn('user')
  const passwd = join(folder.path, 'passwd')
  const range = join(folder.path, 'range')
  await writeFile(passwd, `${await readFile('/etc/passwd', 'utf8')}tester:x:${user}:${user}::/nonexistent:/bin/sh\n`)
  await writeFile(range, 'tester:200000:65536\n')
  const made = await bootstrapAsUser(options, { '/etc/passwd': passwd, '/etc/subuid': range, '/etc/subgid': range })
  const { sha256 } = await bootstrapDebian({ ...options, output: join(folder.path, 'root.tar') })
  expect(made).toMatchObject({ user, sha256 })
  expect(await readdir(options.temporary)).toEqual([])
})

test('a user without one is told so', async () => {
  expect(await bootstrapAsUser(await optionsIn('no-range'))).toMatchObject({
    failure: 'privilege',
    message: expect.stringMatching(/; give the user a range in \/etc\/subuid and \/etc\/subgid, or run as root$/),
  })
})

test('a user who may not make user namespaces is told so', async () => {
  const options = await optionsIn('no-namespaces')
  // A namespace in which no further one may be made, as a system has it that forbids them.
  const keeper = spawn('unshare', ['--user', 'sleep', '60'], { stdio: 'ignore' })
  try {
    const of = `/proc/${keeper.pid}`
    await expect.poll(() => readlink(`${of}/ns/user`)).not.toBe(await readlink('/proc/self/ns/user'))
    for (const map of ['uid_map', 'gid_map']) await writeFile(`${of}/${map}`, '0 0 65536')
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    const inside = ['--user', '--target', String(keeper.pid), '-S', '0', '-G', '0', 'sh', '-c', forbid, 'sh']
    expect(await bootstrapAsUser(options, {}, ['nsenter', ...inside])).toEqual({
      user,
      failure: 'privilege',
      message: expect.stringMatching(
        /^bootstrap of "noble": this user is not root, and may not make user namespaces \("unshare: .*"\); run it as root \(sudo\), or allow them \(sysctl /,
      ),
    })
  } finally {
    keeper.kill('SIGKILL')
  }
})
