import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { inspectFlist } from '../packages/cli/src/flist-inspection.ts'
import { flistMaker } from '../packages/cli/src/flist-making.ts'
import { checkFlist, chunkId, openChunkStore, openFlist } from '../packages/flist/src/index.ts'
import { startRegistry } from '../packages/registry/test/fake-registry.ts'
import { directory, type Fixtures, file, symlink, tarOf } from '../packages/rootfs/test/layer-builder.ts'
import { startTwin } from '../packages/twin/src/index.ts'
import { imageOf } from './harness/image-layout.ts'

const USER = 'alice.3bot'

/** A twin that makes real flists, and what a test does with it. */
async function realTwin() {
  const folder = await mkdtemp(join(tmpdir(), 'twin-flists-'))
  const root = join(folder, 'hub')
  const twin = await startTwin({ root, seed: randomBytes(32), inspectFlist, flistMaker, chunkId })
  onTestFinished(async () => {
    await twin.close()
    await rm(folder, { recursive: true, force: true })
  })
  const headers = { Authorization: `bearer ${twin.mintToken(USER)}` }
  const post = async (path: string, body: NonNullable<RequestInit['body']>) => {
    const response = await fetch(`${twin.url}/api/flist/me/${path}`, { method: 'POST', headers, body })
    return { status: response.status, json: JSON.parse(await response.text()) }
  }
  /** Downloads a flist, checks it with its chunks, and opens it. */
  const open = async (name: string) => {
    const response = await fetch(`${twin.url}/${USER}/${name}.flist`)
    const path = join(folder, `${name}.flist`)
    await writeFile(path, Buffer.from(await response.arrayBuffer()))
    const flist = await openFlist(path)
    onTestFinished(() => flist.close())
    const store = await openChunkStore(`zdb://${twin.backend.host}:${twin.backend.port}/default`)
    const { problems } = await checkFlist(flist, store, { contents: true })
    await store.close()
    expect(problems).toEqual([])
    return flist
  }
  return { twin, post, open }
}

async function archiveForm(fixtures: Fixtures): Promise<FormData> {
  const form = new FormData()
  form.set('file', new File([Uint8Array.from(gzipSync(await tarOf(fixtures)))], 'image.tar.gz'))
  return form
}

const TREE: Fixtures = {
  'etc/': directory(),
  'etc/motd': file('hello\n'),
  'bin/sh': symlink('busybox'),
  '.README.md': file('# Read me\n'),
}

test('an uploaded archive is a valid flist whose chunks anybody can read', async () => {
  const { twin, post, open } = await realTwin()
  const { status, json } = await post('upload', await archiveForm(TREE))
  expect(status).toBe(200)
  expect(json.payload.files.response).toMatchObject({ regular: 2, symlink: 1, fullsize: 16 })
  const flist = await open('image')
  expect(flist.lookup('etc/motd')).toMatchObject({ type: 'file', size: 6 })
  expect(flist.metadata).toEqual({
    backend: { namespace: 'default', host: '127.0.0.1', port: twin.backend.port },
    readme: { readme: '# Read me\n' },
  })
  const metadata = await fetch(`${twin.url}/api/flist/${USER}/image/metadata`)
  expect(await metadata.json()).toMatchObject({ readme: { readme: '# Read me\n' } })
})

test('an image of a registry is converted with its entrypoint and start-up file', async () => {
  const registry = await startRegistry()
  onTestFinished(() => registry.close())
  registry.putImage('tools/sh', await imageOf([{ 'bin/': directory(), 'bin/sh': file('#!') }]), '1.0')
  const { post, open } = await realTwin()
  const { host } = new URL(registry.url)
  const { status, json } = await post('docker', new URLSearchParams({ image: `${host}/tools/sh:1.0` }))
  expect(json).toMatchObject({ status: 'success', payload: { name: { regular: 2 } } })
  expect(status).toBe(200)
  const flist = await open(`${host.replace(':', '-')}-tools-sh-1.0`)
  expect(flist.lookup('.startup.toml')).toMatchObject({ type: 'file' })
  expect(flist.metadata).toMatchObject({ entrypoint: ['/bin/sh'], backend: { namespace: 'default' } })
})

test('a path of the machine is not an image', async () => {
  const { post } = await realTwin()
  for (const image of ['/etc', '/etc/passwd', './']) {
    expect(await post('docker', new URLSearchParams({ image }))).toMatchObject({ status: 500 })
  }
})

test('merged flists are one tree', async () => {
  const { post, open } = await realTwin()
  await post('upload', await archiveForm(TREE))
  const other = await archiveForm({
    'etc/': directory(),
    'etc/motd': file('no'),
    'etc/host': file('h'),
    etcetera: file(),
  })
  other.set('file', other.get('file') as File, 'other.tar.gz')
  await post('upload', other)
  expect(await post('merge/all', JSON.stringify([`${USER}/image`, `${USER}/other`]))).toMatchObject({ status: 200 })
  const flist = await open('all')
  expect([...flist.walk()].map(({ path }) => path).sort()).toEqual(
    ['', '.README.md', 'bin', 'bin/sh', 'etc', 'etc/host', 'etc/motd', 'etcetera'].sort(),
  )
  expect(flist.lookup('etc/motd')).toMatchObject({ size: 6 })
})
