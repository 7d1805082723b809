import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChunkList, type DirectoryNode, type Node, openChunkStore, openFlist, writeFlist } from '@tf-images/flist'
import { describe, expect, test } from 'vitest'
import { member, pax } from '../../../rootfs/test/tar-builder.ts'
import { convertPath, temporaryFolder, writeImage, writeTar } from '../../test/converted.ts'
import { openSource } from '../source.ts'
import { differenceText } from './differences.ts'
import { type Verification, verifyFlist } from './verify.ts'

const large = 'x'.repeat(1_200_000)
const members = [
  member({ name: './', typeflag: '5', mode: 0o755 }),
  member({ name: 'bin/', typeflag: '5', mode: 0o755 }),
  pax([['SCHILY.xattr.user.x', 'y']]),
  member({ name: 'bin/sh', mode: 0o4755, mtime: 5 }, 'shell'),
  member({ name: 'bin/bash', typeflag: '1', linkName: 'bin/sh', size: 0 }),
  pax([['mtime', '-7.25']]),
  member({ name: 'large' }, large),
  pax([['path', 'caf\xe9']]),
  member({ name: 'cafe' }, 'not UTF-8'),
  member({ name: 'link', typeflag: '2', linkName: 'bin', mode: 0o755 }),
  member({ name: 'null', typeflag: '3', major: 1, minor: 3 }),
]

async function verify(flistPath: string, sourcePath: string, chunks?: string): Promise<Verification> {
  using flist = await openFlist(flistPath)
  const source = await openSource(sourcePath, { platform: 'linux/amd64' })
  const contents = chunks === undefined ? undefined : await openChunkStore(chunks)
  try {
    return await verifyFlist(flist, source, contents ? { contents } : {})
  } finally {
    await Promise.all([source.close(), contents?.close()])
  }
}

/** The flist of the members, written again with another tree. */
async function withTree(change: (root: DirectoryNode<ChunkList>) => void): Promise<Verification> {
  const folder = await temporaryFolder()
  const source = await writeTar(folder, members)
  await convertPath(folder, source)
  const path = join(folder, 'out.flist')
  const changed = join(folder, 'changed.flist')
  using flist = await openFlist(path)
  const root = flist.readTree()
  change(root)
  await writeFlist(root, flist.metadata, changed)
  return verify(changed, source)
}

const withField = (root: DirectoryNode<ChunkList>, name: string, fields: object) => {
  root.children.set(name, { ...(root.children.get(name) as Node<ChunkList>), ...fields } as Node<ChunkList>)
}

test('a flist is equal to what it was made of, whatever a flist cannot hold', async () => {
  const folder = await temporaryFolder()
  const source = await writeTar(folder, members)
  const { treeHash, fidelity } = await convertPath(folder, source)
  expect(fidelity.findings.map((finding) => finding.class)).toEqual(
    expect.arrayContaining(['xattr', 'hard-link', 'time-out-of-range', 'sub-second-time', 'name-not-utf8']),
  )
  await rm(join(folder, 'chunks'), { recursive: true })
  expect(await verify(join(folder, 'out.flist'), source)).toEqual({
    equal: true,
    entries: 8,
    bytes: large.length + 'shell'.length + 'not UTF-8'.length,
    differences: [],
    omittedDifferences: 0,
    treeHash,
  })
})

test('a .fl is compared with its source as a flist is, times before 1970 too', async () => {
  const folder = await temporaryFolder()
  const source = await writeTar(folder, members)
  const fl = { routes: [{ start: 0, end: 255, url: `dir://${folder}` }] }
  const { treeHash, fidelity } = await convertPath(folder, source, { fl })
  expect(fidelity.findings.map((finding) => finding.class)).not.toContain('time-out-of-range')
  const path = join(folder, 'out.flist')
  expect(await verify(path, source, join(folder, 'chunks'))).toMatchObject({ equal: true, entries: 8, treeHash })
  const other = await writeTar(
    folder,
    members.map((bytes) => Buffer.from(bytes.toString('latin1').replace('xxxx', 'xxyx'), 'latin1')),
  )
  const { differences } = await verify(path, other)
  expect(differences.map(differenceText)).toEqual([
    expect.stringMatching(/^\/large: content is [0-9a-f]{64} from byte 0, the source has [0-9a-f]{64} from byte 0$/),
  ])
})

describe('a flist with', () => {
  test.each<[string, (root: DirectoryNode<ChunkList>) => void, string[]]>([
    [
      'one byte of a file changed',
      (root) => {
        const { content } = root.children.get('large') as { content: ChunkList }
        const other = Uint8Array.from(content)
        other[32 + 16] = (other[32 + 16] ?? 0) ^ 1
        withField(root, 'large', { content: other })
      },
      [
        expect.stringMatching(
          /^\/large: content is [0-9a-f]{32} from byte 524288, the source has [0-9a-f]{32} from byte 524288$/,
        ),
      ],
    ],
    [
      'another mode and owner',
      (root) => withField(root, 'null', { mode: 0o600, uid: 1, gid: 2 }),
      [
        '/null: mode is 0600, the source has 0644',
        '/null: uid is 1, the source has 0',
        '/null: gid is 2, the source has 0',
      ],
    ],
    [
      'another time',
      (root) => withField(root, 'large', { mtime: 60 }),
      ['/large: mtime is 1970-01-01T00:01:00Z, the source has 1970-01-01T00:00:00Z'],
    ],
    ['another device', (root) => withField(root, 'null', { minor: 5 }), ['/null: device is 1,5, the source has 1,3']],
    [
      'another link target',
      (root) => withField(root, 'link', { target: 'usr/bin' }),
      ['/link: target is "usr/bin", the source has "bin"'],
    ],
    [
      'another type',
      (root) => withField(root, 'null', { type: 'block' }),
      ['/null: type is block, the source has character'],
    ],
    [
      'a shorter file',
      (root) => withField(root, 'large', { size: 0, content: new Uint8Array() }),
      ['/large: size is 0, the source has 1200000'],
    ],
    [
      'a missing file',
      (root) => root.children.delete('large'),
      ['/large: the flist does not have this file of the source'],
    ],
    [
      'a missing directory, told once',
      (root) => root.children.delete('bin'),
      ['/bin: the flist does not have this directory of the source'],
    ],
    [
      'one more file, whose name does not act on the terminal',
      (root) => void root.children.set('\x1b[2J', root.children.get('large') as Node<ChunkList>),
      ['/\\u001b[2J: the source does not have this file'],
    ],
    ['another root', (root) => void Object.assign(root, { mode: 0o700 }), ['/: mode is 0700, the source has 0755']],
  ])('%s', async (_what, change, texts) => {
    const { equal, differences } = await withTree(change)
    expect(equal).toBe(false)
    expect(differences.map(differenceText)).toEqual(texts)
  })

  test('more differences than anyone reads counts the rest', async () => {
    const result = await withTree((root) => {
      const node = root.children.get('large') as Node<ChunkList>
      for (let count = 0; count < 1005; count++) root.children.set(`extra-${count}`, node)
    })
    expect([result.differences.length, result.omittedDifferences]).toEqual([1000, 5])
  })

  test('a name that is not UTF-8 missing gives it exactly', async () => {
    const { differences } = await withTree((root) => root.children.delete('caf\xe9'))
    expect(differences).toEqual([{ kind: 'missing', path: '/caf\ufffd', pathHex: '636166e9', expected: 'file' }])
  })
})

describe('an image', () => {
  const config = { Entrypoint: ['/init'], Env: ['A=1'], ExposedPorts: { '80/tcp': {} }, User: 'www' }

  test.each([{}, { startupToml: true }])('is equal to its flist %o', async (options) => {
    const folder = await temporaryFolder()
    const source = await writeImage(folder, [member({ name: 'a' }, 'x')], config)
    const { treeHash } = await convertPath(folder, source, options)
    expect(await verify(join(folder, 'out.flist'), source)).toMatchObject({
      equal: true,
      entries: 'startupToml' in options ? 3 : 2,
      treeHash,
    })
  })

  test.each([
    ['5', true],
    ['6', false],
    [null, false],
    ['', false],
  ])('is compared with no tree hash of a converter that made these otherwise: %s', async (converter, equal) => {
    const folder = await temporaryFolder()
    const source = await writeImage(folder, [member({ name: 'a' }, 'x')], config)
    const { treeHash } = await convertPath(folder, source)
    using flist = await openFlist(join(folder, 'out.flist'))
    const image = { ...JSON.parse(String(flist.metadata.image)), converter, treeHash: 'f'.repeat(64) }
    const earlier = join(folder, 'earlier.flist')
    await writeFlist(flist.readTree(), { ...flist.metadata, image: JSON.stringify(image) }, earlier)
    expect(await verify(earlier, source)).toMatchObject({ equal, treeHash })
  })

  test('with another config, and a row that lies about the tree, are different', async () => {
    const folder = await temporaryFolder()
    const source = await writeImage(folder, [member({ name: 'a' }, 'x')], config)
    const { treeHash } = await convertPath(folder, source)
    using flist = await openFlist(join(folder, 'out.flist'))
    const { environ: _environ, ...metadata } = flist.metadata
    const image = String(metadata.image).replace(treeHash, 'f'.repeat(64))
    const changed = join(folder, 'changed.flist')
    await writeFlist(flist.readTree(), { ...metadata, entrypoint: ['/bin/sh'], image }, changed)
    expect((await verify(changed, source)).differences.map(differenceText)).toEqual([
      'metadata: entrypoint is ["/bin/sh"], the source has ["/init"]',
      'metadata: environ is not there, the source has {"A":"1"}',
      `metadata: image.treeHash is ${'f'.repeat(64)}, the source has ${treeHash}`,
    ])
  })
})

describe('a flist of the reference', () => {
  const vectors = join(import.meta.dirname, '..', '..', '..', '..', 'test', 'fixtures', 'vectors')
  const verifyVector = (name: string) =>
    verify(join(vectors, name, 'out.flist'), join(vectors, name, 'input.tar'), undefined)

  test.each(['basic', 'chunks', 'names', 'metadata'])('of %s is equal to its input', async (name) => {
    expect(await verifyVector(name)).toMatchObject({ equal: true, differences: [] })
  })

  test('has lost which special file was which, and a tar has no socket', async () => {
    expect((await verifyVector('special')).differences.map(differenceText)).toEqual([
      '/fifo: type is socket, the source has fifo',
      '/sock: the source does not have this socket',
      '/dev/big: type is socket, the source has character',
      '/dev/null: type is socket, the source has character',
      '/dev/sda1: type is socket, the source has block',
      '/dev/wh00: type is socket, the source has character',
    ])
  })
})

describe('with contents', () => {
  test('chunks that are there are equal, one that is not is named', async () => {
    const folder = await temporaryFolder()
    const source = await writeTar(folder, members)
    await convertPath(folder, source)
    const [output, chunks] = [join(folder, 'out.flist'), join(folder, 'chunks')]
    expect((await verify(output, source, chunks)).equal).toBe(true)
    const files = await readdir(chunks, { recursive: true, withFileTypes: true })
    const stored = files.filter((entry) => entry.isFile() && /^[0-9a-f]{30}$/.test(entry.name))
    for (const file of stored.slice(0, 1)) await rm(join(file.parentPath, file.name))
    const { equal, differences } = await verify(output, source, chunks)
    expect([equal, differences.map(({ kind }) => kind)]).toEqual([false, ['damaged']])
    expect((await verify(output, source)).equal).toBe(true)
  })
})
