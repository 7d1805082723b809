import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AptRepository,
  createKey,
  type RepositoryOptions,
  serve,
  type TestPackage,
  writeContents,
} from './apt-repository.ts'

/** Makes a repository of Arch Linux's format, its packages signed with a key of its own, and serves it; `keyring` is a folder of gpg. */
export async function createPacmanRepository(
  path: string,
  repository: string,
  packages: readonly TestPackage[],
  answer?: RepositoryOptions['answer'],
): Promise<AptRepository> {
  const keyring = join(path, 'gpg')
  const key = await createKey(keyring)
  const base = `/${repository}/os/x86_64`
  const files = new Map<string, Buffer>()
  const database = join(path, 'database')
  for (const testPackage of packages) {
    const { name } = testPackage
    const root = join(path, name)
    await writeContents(testPackage, root)
    await writeFile(join(root, '.PKGINFO'), `pkgname = ${name}\npkgver = 1-1\narch = x86_64\nsize = 1\n`)
    const bytes = tar(root)
    const file = `${name}-1-1-x86_64.pkg.tar`
    const signature = key.gpg('--detach-sign', bytes)
    files.set(`${base}/${file}`, bytes)
    files.set(`${base}/${file}.sig`, signature)
    const fields = {
      FILENAME: file,
      NAME: name,
      VERSION: '1-1',
      CSIZE: String(bytes.length),
      ISIZE: '1',
      SHA256SUM: createHash('sha256').update(bytes).digest('hex'),
      PGPSIG: signature.toString('base64'),
      ARCH: 'x86_64',
    }
    await mkdir(join(database, `${name}-1-1`), { recursive: true })
    const text = Object.entries(fields).map(([field, value]) => `%${field}%\n${value}\n`)
    await writeFile(join(database, `${name}-1-1`, 'desc'), text.join('\n'))
  }
  key.close()
  files.set(`${base}/${repository}.db`, tar(database))
  return { keyring, ...(await serve(files, answer)) }
}

function tar(folder: string): Buffer {
  const names = execFileSync('find', [folder, '-mindepth', '1', '-maxdepth', '1', '-printf', '%P\\0'])
  const options = ['--create', '--directory', folder, '--owner=0', '--group=0', '--null', '--files-from=-']
  return execFileSync('tar', options, { input: names, maxBuffer: 1 << 30 })
}
