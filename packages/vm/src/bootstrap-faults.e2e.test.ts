import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AptRepository, createAptRepository, essentialPackage } from '../test/apt-repository.ts'
import { temporaryFolder } from '../test/temporary-folder.ts'
import { bootstrapDebian } from './bootstrap.ts'
import type { BootstrapOptions } from './bootstrap-options.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let archive: AptRepository
let answer: ((path: string, response: ServerResponse) => boolean) | undefined
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
    packages: [essentialPackage, apt, { name: 'web' }],
    answer: (path, response) => answer?.(path, response) ?? false,
  })
})
afterAll(async () => {
  await archive.close()
  await folder[Symbol.asyncDispose]()
})

/** What the bootstrap ends with; it leaves nothing. */
async function failureOf(changes: Partial<BootstrapOptions>, faulty: typeof answer = undefined): Promise<unknown> {
  const temporary = changes.temporary ?? join(folder.path, 'tmp')
  await mkdir(temporary, { recursive: true })
  answer = faulty
  try {
    const output = join(folder.path, 'root.tar')
    const options = { release: 'noble', components: ['main'], include: ['web'], sourceDateEpoch: 0, output, temporary }
    const { url: mirror, keyring } = archive
    return await bootstrapDebian({ ...options, mirror, keyring, ...changes }).catch((error: unknown) => error)
  } finally {
    answer = undefined
    expect(await readdir(temporary)).toEqual([])
    expect(await readdir(folder.path)).not.toContain('root.tar')
  }
}

test('a release that the archive does not have', async () => {
  expect(await failureOf({ release: 'nobble' })).toMatchObject({
    failure: 'release',
    message: expect.stringMatching(/^bootstrap of "nobble": .*; check the release, its components and the mirror$/),
  })
})

test('a package that the archive does not have', async () => {
  expect(await failureOf({ include: ['web', 'wbe'] })).toMatchObject({ failure: 'packages', packages: ['wbe'] })
})

test('keys of somebody else', async () => {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  expect(await failureOf({ keyring })).toMatchObject({ failure: 'keyring' })
})

test('an archive that was changed after it was signed', async () => {
  const forge = (path: string, response: ServerResponse) => {
    if (!path.endsWith('/InRelease')) return false
    const text = archive.files.get(path)?.toString() ?? ''
    response.end(text.replace('Components: main', 'Components: mine'))
    return true
  }
  expect(await failureOf({}, forge)).toMatchObject({
    failure: 'signature',
    message: expect.stringContaining('; its signature is bad or too old: '),
  })
})

test('a package that is not the one the archive lists', async () => {
  const change = (path: string, response: ServerResponse) => {
    const bytes = archive.files.get(path)
    if (!bytes || !path.endsWith('/web.deb')) return false
    response.end(Buffer.from(bytes).fill(0, 200, 300))
    return true
  }
  expect(await failureOf({}, change)).toMatchObject({ failure: 'archive-changed' })
})

test('an archive that goes down in the middle of a package', async () => {
  const cut = (path: string, response: ServerResponse) => {
    const bytes = archive.files.get(path)
    if (!bytes || !path.endsWith('/base-files.deb')) return false
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1000), () => response.destroy())
    return true
  }
  expect(await failureOf({}, cut)).toMatchObject({
    failure: 'archive-down',
    message: expect.stringMatching(/; check the network and the mirror$/),
  })
})

test('a full disk', async () => {
  const temporary = join(folder.path, 'small')
  await mkdir(temporary)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=755', 'tmpfs', temporary])
  try {
    expect(await failureOf({ temporary })).toMatchObject({
      failure: 'disk-full',
      message: expect.stringMatching(/; free disk space$/),
    })
  } finally {
    execFileSync('umount', [temporary])
  }
})
