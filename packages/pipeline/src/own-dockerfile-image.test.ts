import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { RegistryClient } from '@tf-images/registry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NOTHING, pinImages, readOwnImage } from './own-dockerfile-image.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flist-own-'))
  await write({
    'app/Dockerfile': 'FROM alpine\nCOPY . /\n',
    'app/a': '1',
    'app/.dockerignore': 'left\n',
    'app/left': '',
  })
})
afterEach(() => rm(root, { recursive: true }))

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

const read = (dockerfile = 'app/Dockerfile') =>
  readOwnImage({ dockerfile: join(root, dockerfile), name: 'app', root, platform: 'linux/amd64' })

test('what identifies it changes with files, modes and links, and with nothing that is left out', async () => {
  const hashes = [(await read()).own.hash]
  const note = async () => hashes.push((await read()).own.hash)
  await write({ 'app/left': 'changed', 'app/.git/index': 'changed', other: 'changed' })
  expect((await read()).own.hash).toBe(hashes[0])
  await write({ 'app/a': '2' })
  await note()
  await chmod(join(root, 'app', 'a'), 0o755)
  await note()
  await symlink('a', join(root, 'app', 'link'))
  await note()
  await rm(join(root, 'app', 'link'))
  await symlink('b', join(root, 'app', 'link'))
  await note()
  await write({ 'app/Dockerfile': 'FROM alpine\nCOPY a /\n' })
  await note()
  expect(new Set(hashes).size).toBe(6)
})

test('files are told by name, many of them as one; places are those of the Dockerfile', async () => {
  const few = await read()
  expect([...few.fileHashes.keys()]).toEqual(['.dockerignore', 'Dockerfile', 'a'])
  expect(few.sourceMap[1]).toEqual({ file: 'app/Dockerfile', line: 2, column: 1 })
  await write(Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`app/many/${index}`, ''])))
  expect([...(await read()).fileHashes.keys()]).toEqual(['app/'])
})

test('a Dockerfile that is not there is told with its path', async () => {
  await expect(read('no/Dockerfile')).rejects.toThrow('no/Dockerfile: can not be read; write the path')
})

test('what starts from nothing needs no registry', async () => {
  await write({ 'app/Dockerfile': 'FROM scratch\nCOPY a /\n' })
  const { own } = await read()
  const client = new RegistryClient({})
  const search = { client, registryHost: '127.0.0.1:1', credentials: async () => undefined, platform: 'linux/amd64' }
  expect(await pinImages(own, search)).toMatchObject({ reference: NOTHING, digest: NOTHING, images: new Map() })
  await client.close()
})
