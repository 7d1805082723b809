import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { type Files, folder, link, tree } from './trees.ts'
import { writeTree } from './written-tree.ts'

/** A package for a test: no more than what is said of it. */
export type TestPackage = {
  readonly name: string
  readonly files?: Files
  /** Further lines of its control file, like `Essential: yes`. */
  readonly control?: readonly string[]
  /** Programs of this machine, with what they are linked with. */
  readonly programs?: readonly string[]
}

export type AptRepository = {
  readonly url: string
  /** The keys it is signed with. */
  readonly keyring: string
  /** What is served, by path. */
  readonly files: ReadonlyMap<string, Buffer>
  close(): Promise<void>
}

export type RepositoryOptions = {
  /** Empty and open to all users, as apt reads as another one. */
  readonly path: string
  readonly release: string
  readonly components: readonly string[]
  readonly packages: readonly TestPackage[]
  /** Answers in place of the file; false when it does not. */
  readonly answer?: (path: string, response: ServerResponse) => boolean
}

/** Makes an archive of Debian's format with a key of its own, and serves it on a free port. All packages are in the first component. */
export async function createAptRepository(options: RepositoryOptions): Promise<AptRepository> {
  const { path, release, components, packages, answer } = options
  const files = new Map<string, Buffer>()
  const entries: string[] = []
  for (const testPackage of packages) {
    const deb = await buildPackage(join(path, 'packages'), testPackage)
    const name = `pool/${testPackage.name}.deb`
    files.set(name, deb)
    entries.push(`${controlOf(testPackage)}Filename: ${name}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`)
  }
  for (const [index, component] of components.entries())
    files.set(`${component}/binary-amd64/Packages`, Buffer.from(index === 0 ? entries.join('\n') : ''))
  const lists = [...files].filter(([name]) => name.endsWith('/Packages'))
  const text = [
    `Suite: ${release}`,
    `Codename: ${release}`,
    'Date: Tue, 14 Nov 2023 22:13:20 UTC',
    'Architectures: amd64',
    `Components: ${components.join(' ')}`,
    'SHA256:',
    ...lists.map(([name, bytes]) => ` ${sha256(bytes)} ${bytes.length} ${name}`),
  ].join('\n')
  const { keyring, signed } = await sign(path, `${text}\n`)
  const served = new Map<string, Buffer>([
    ...lists.map(([name, bytes]) => [`/dists/${release}/${name}`, bytes] as const),
    ...[...files].filter(([name]) => name.startsWith('pool/')).map(([name, bytes]) => [`/${name}`, bytes] as const),
    [`/dists/${release}/InRelease`, signed],
  ])
  return { keyring, ...(await serve(served, answer)) }
}

/** Serves files by their path, on a free port. */
export async function serve(files: ReadonlyMap<string, Buffer>, answer?: RepositoryOptions['answer']) {
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url)
    if (answer?.(path, response)) return
    const bytes = files.get(path)
    response.statusCode = bytes ? 200 : 404
    response.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, files, close }
}

/** Signs with a new key that nobody else has. */
async function sign(path: string, text: string): Promise<{ readonly keyring: string; readonly signed: Buffer }> {
  const key = await createKey(join(path, 'gpg'))
  const keyring = join(path, 'keys.gpg')
  await writeFile(keyring, key.gpg('--export'), { mode: 0o644 })
  const signed = key.gpg('--clearsign', text)
  key.close()
  return { keyring, signed }
}

/** A key that nobody else has, in a new folder of gpg. */
export async function createKey(home: string) {
  await mkdir(home, { mode: 0o700 })
  // pacman knows no other form of a keyring; gpg goes on with the one that is there.
  await writeFile(join(home, 'pubring.gpg'), '')
  const gpg = (command: string, input: string | Uint8Array = '', ...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', command, ...args], {
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  gpg('--quick-generate-key', '', 'archive@test.example', 'ed25519', 'sign', 'never')
  return { gpg, close: () => void execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']) }
}

async function buildPackage(path: string, testPackage: TestPackage): Promise<Buffer> {
  const root = join(path, testPackage.name)
  await writeContents(testPackage, root)
  await mkdir(join(root, 'DEBIAN'))
  await writeFile(join(root, 'DEBIAN/control'), controlOf(testPackage))
  execFileSync('dpkg-deb', ['-Znone', '--root-owner-group', '--build', root, `${root}.deb`], { stdio: 'ignore' })
  return readFile(`${root}.deb`)
}

/** What is in a package, as it will be in the root. */
export async function writeContents({ files = {}, programs = [] }: TestPackage, root: string): Promise<void> {
  await writeTree(tree({ '': folder(), ...files }), root)
  for (const program of programs) await copyProgram(program, root)
}

function controlOf({ name, control = [] }: TestPackage): string {
  const lines = ['Version: 1', 'Architecture: amd64', 'Maintainer: Nobody <nobody@test.example>', ...control]
  return `Package: ${name}\n${lines.join('\n')}\nDescription: of a test\n`
}

async function copyProgram(program: string, root: string): Promise<void> {
  const linked = await execLdd(program)
  for (const path of [program, ...linked]) {
    const target = join(root, inUsr(path))
    await mkdir(dirname(target), { recursive: true })
    await copyFile(path, target)
    if ((await stat(path)).mode & 0o111) execFileSync('chmod', ['755', target])
  }
}

async function execLdd(program: string): Promise<readonly string[]> {
  try {
    const output = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return output.match(/\/\S+/g) ?? []
  } catch {
    // Linked with nothing.
    return []
  }
}

/** Where the same file is in a root with /usr merged. */
function inUsr(path: string): string {
  return path.replace(/^\/(?!usr\/)/, '/usr/')
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const programs = [
  ...['dash', 'tar', 'rm', 'cat', 'mkdir', 'chmod', 'chown', 'ln', 'cp', 'mv', 'ls', 'sed'].map(
    (name) => `/bin/${name}`,
  ),
  ...['dirname', 'base64', 'env', 'diff', 'touch'].map((name) => `/usr/bin/${name}`),
  ...['dpkg', 'dpkg-deb', 'dpkg-split', 'dpkg-query', 'dpkg-trigger'].map((name) => `/usr/bin/${name}`),
  ...['ldconfig', 'start-stop-daemon'].map((name) => `/sbin/${name}`),
]

/** What dpkg needs to install packages in a root, and the folders that a root has. */
export const essentialPackage: TestPackage = {
  name: 'base-files',
  control: ['Essential: yes', 'Priority: required'],
  files: {
    ...Object.fromEntries(['bin', 'sbin', 'lib', 'lib64'].map((name) => [name, link(`usr/${name}`)])),
    ...Object.fromEntries(
      ['proc', 'sys', 'run', 'dev', 'usr/sbin', 'usr/lib64', 'var/log', 'var/cache', 'etc'].map((name) => [
        name,
        folder(),
      ]),
    ),
    tmp: folder({ mode: 0o1777 }),
    'usr/bin/sh': link('dash'),
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    'etc/shadow': 'root:*:19000:0:99999:7:::\n',
    'root/.bashrc': '',
  },
  programs,
}
