import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { chmod, link, lutimes, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { once, show, textStore } from '../test/layer-builder.ts'
import { block, END, pax } from '../test/tar-builder.ts'
import { readDirectory } from './directory.ts'
import { readRootTar } from './layer-reader.ts'
import type { DirectoryNode } from './tree.ts'
import { walkTree } from './walk-tree.ts'

/** A directory with everything the formats have in common, and what only some of them hold. */
let root: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rootfs-gnu-tar-'))
  const at = (path: string) => join(root, path)
  mkdirSync(at('etc/empty'), { recursive: true })
  writeFileSync(at('etc/passwd'), 'root:x:0:0\n')
  writeFileSync(at('etc/block'), 'x'.repeat(512))
  writeFileSync(at('etc/nothing'), '')
  writeFileSync(Buffer.concat([Buffer.from(at('etc/')), Buffer.from([0x63, 0xe9, 0xff])]), 'no UTF-8')
  await chmod(at('etc/passwd'), 0o4751)
  symlinkSync('../etc/passwd', at('etc/link'))
  await link(at('etc/passwd'), at('etc/second name'))
  execFileSync('mkfifo', [at('fifo')])
  await chmod(root, 0o1755)
})
afterAll(() => rmSync(root, { recursive: true }))

/** Whole seconds everywhere, as most formats hold no more. */
async function setTimes(seconds: number): Promise<void> {
  for (const { path, node } of walkTree(await readDirectory(root, textStore()))) {
    const file = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
    const time = new Date(seconds * 1000) // as a number a negative time means now
    await (node.type === 'symlink' ? lutimes : utimes)(file, time, time)
  }
}

async function readTarOf(...options: string[]): Promise<DirectoryNode<string>> {
  const tar = spawn('tar', ['--numeric-owner', '-C', root, ...options, '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return readRootTar(tar.stdout, textStore())
}

const expectSame = async (...options: string[]) => {
  expect(show(await readTarOf(...options), true)).toEqual(show(await readDirectory(root, textStore()), true))
}

describe('archives of GNU tar are read as the directory they were made of', () => {
  test.each(['v7', 'oldgnu', 'gnu', 'ustar', 'pax'])('in the format %s', async (format) => {
    if (format === 'v7') rmSync(join(root, 'fifo')) // which that format cannot hold
    await setTimes(1_500_000_000)
    await expectSame(`--format=${format}`)
    if (format === 'v7') execFileSync('mkfifo', [join(root, 'fifo')])
  })

  test.each(['gnu', 'pax'])('with times before 1970 and after 2242 in the format %s', async (format) => {
    await setTimes(-86_401)
    await expectSame(`--format=${format}`)
    await setTimes(8_600_000_000)
    await expectSame(`--format=${format}`)
  })

  test('with times to the nanosecond, before 1970 as well, in the format pax', async () => {
    await setTimes(1_500_000_000.25)
    await expectSame('--format=pax')
    await setTimes(-1.75)
    await expectSame('--format=pax')
  })

  test.each(['oldgnu', 'gnu', 'ustar', 'pax'])('with long names in the format %s', async (format) => {
    await setTimes(1_500_000_000)
    const long = join(root, ...Array(format === 'ustar' ? 2 : 8).fill('d'.repeat(60)))
    mkdirSync(long, { recursive: true })
    const name = 'n'.repeat(format === 'ustar' ? 60 : 200)
    writeFileSync(join(long, name), 'deep')
    if (format !== 'ustar') {
      symlinkSync('t'.repeat(300), join(long, 'link'))
      await link(join(long, name), join(root, 'hard link'))
    }
    await setTimes(1_500_000_000)
    await expectSame(`--format=${format}`)
    rmSync(join(root, 'd'.repeat(60)), { recursive: true })
    rmSync(join(root, 'hard link'), { force: true })
  })

  test.each([
    ['gnu', []],
    ['oldgnu', []],
    ['pax', ['--sparse-version=0.0']],
    ['pax', ['--sparse-version=0.1']],
    ['pax', ['--sparse-version=1.0']],
  ])('with sparse files in the format %s %j', async (format, options) => {
    const sparse = (name: string, pieces: number, size: number) => {
      const file = openSync(join(root, name), 'w')
      for (let piece = 0; piece < pieces; piece++) writeSync(file, `piece ${piece}`, piece * 100_000)
      closeSync(file)
      truncateSync(join(root, name), size)
    }
    sparse('one hole', 0, 3_000_000)
    sparse('some holes', 3, 400_000)
    sparse('many holes', 40, 5_000_001)
    await setTimes(1_500_000_000)
    await expectSame('--sparse', `--format=${format}`, ...options)
    for (const name of ['one hole', 'some holes', 'many holes']) rmSync(join(root, name))
  })

  test('with other owners than octal digits hold', async () => {
    await setTimes(1_500_000_000)
    for (const format of ['gnu', 'pax']) {
      const tree = await readTarOf(`--format=${format}`, '--owner=:4000000000', '--group=:3000000')
      expect(tree.children.get('fifo')).toMatchObject({ uid: 4_000_000_000, gid: 3_000_000 })
    }
  })

  test('with a label, and with global headers', async () => {
    await setTimes(1_500_000_000)
    await expectSame('--format=gnu', '--label=backup')
    const tree = await readTarOf('--format=pax', '--pax-option=globexthdr.name=g,comment=hello,uid=77')
    expect(tree.children.get('fifo')).toMatchObject({ uid: 77 })
  })
})

test('GNU tar reads the extended attributes of our fixtures as we do', async () => {
  const archive = Buffer.concat([
    pax([
      ['SCHILY.xattr.user.key', 'some value'],
      ['SCHILY.xattr.user.a%3Db', 'x'],
    ]),
    block({ name: 'f' }),
    END,
  ])
  const listing = execFileSync('tar', ['--xattrs', '--xattrs-include=*', '-tvvf', '-'], {
    input: archive,
    encoding: 'utf8',
  })
  const tree = await readRootTar(once(archive), textStore())
  const ours = [...(tree.children.get('f')?.xattrs ?? [])].map(([name, value]) => [name, value.length])
  const theirs = [...listing.matchAll(/^ +x: +(\d+) (.*)$/gm)].map(([, size, name]) => [name, Number(size)])
  expect(theirs).toEqual([
    ['user.key', 10],
    ['user.a=b', 1],
  ])
  expect(ours).toEqual(theirs)
})
