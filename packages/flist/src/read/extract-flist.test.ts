import {
  chmod,
  lstat,
  symlink as makeLink,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ChunkMemory, createChunkMemory } from '../../test/chunk-memory.ts'
import { inDirectory } from '../../test/raw-flist.ts'
import { directory, special, symlink } from '../../test/trees.ts'
import { CHUNK_SIZE } from '../codec/chunk.ts'
import type { ChunkList, DirectoryNode } from '../tree.ts'
import { writeFlist } from '../write/write-flist.ts'
import { type ExtractOptions, extractFlist } from './extract-flist.ts'
import type { ExtractReport } from './extract-report.ts'
import { openFlist } from './open-flist.ts'

const IS_ROOT = process.geteuid?.() === 0
const ME = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }

type Scene = { readonly outside: string; readonly target: string; readonly memory: ChunkMemory }
type Extract = (tree: DirectoryNode<ChunkList>, options?: ExtractOptions) => Promise<ExtractReport>

/** Gives a test a target, a directory beside it and a way to extract trees. */
function scene(act: (scene: Scene, extract: Extract) => Promise<void>): () => Promise<void> {
  return () =>
    inDirectory(async (home) => {
      const memory = createChunkMemory()
      const target = join(home, 'target')
      const outside = join(home, 'outside')
      await mkdir(outside)
      await writeFile(join(outside, 'passwd'), 'mine')
      await act({ outside, target, memory }, async (tree, options) => {
        await writeFlist(tree, {}, join(home, 'a.flist'))
        using flist = await openFlist(join(home, 'a.flist'))
        return await extractFlist(flist, memory, target, options)
      })
      expect([await readdir(outside), await readFile(join(outside, 'passwd'), 'utf8')]).toEqual([['passwd'], 'mine'])
    })
}

const modeOf = async (path: string) => (await lstat(path)).mode & 0o7777

describe('extracting', () => {
  test(
    'restores contents, modes and times, read-only directories and the root too',
    scene(async ({ target, memory }, extract) => {
      const big = Buffer.alloc(2 * CHUNK_SIZE + 3, 'x')
      const tree = directory(
        {
          big: memory.store(big, { ...ME, mode: 0o640 }),
          empty: memory.store('', ME),
          locked: directory({ in: memory.store('in', ME) }, { ...ME, mode: 0o500, mtime: 1_000_000_000 }),
          link: symlink('/etc/passwd', ME),
        },
        { ...ME, mode: 0o750, mtime: 1_100_000_000 },
      )
      const report = await extract(tree)
      expect(report).toEqual({
        files: 3,
        directories: 2,
        symlinks: 1,
        specials: 0,
        bytes: big.length + 2,
        skipped: [],
        omittedSkips: 0,
      })
      expect((await readFile(join(target, 'big'))).equals(big)).toBe(true)
      expect(await readFile(join(target, 'locked/in'), 'utf8')).toBe('in')
      expect(await readlink(join(target, 'link'))).toBe('/etc/passwd')
      expect(await Promise.all(['big', 'locked', '.'].map((name) => modeOf(join(target, name))))).toEqual([
        0o640, 0o500, 0o750,
      ])
      const times = await Promise.all(
        ['big', 'link', 'locked', '.'].map(async (name) => (await lstat(join(target, name))).mtimeMs / 1000),
      )
      expect(times).toEqual([1_500_000_000, 1_500_000_000, 1_000_000_000, 1_100_000_000])
      await chmod(join(target, 'locked'), 0o700)
    }),
  )

  test(
    'keeps names that are not UTF-8',
    scene(async ({ target, memory }, extract) => {
      const tree = directory({}, ME)
      tree.children.set('\xe9\xff', directory({}, ME))
      tree.children.set('a\nb', memory.store('x', ME))
      await extract(tree)
      const names = await readdir(target, { encoding: 'buffer' })
      expect(names.map((name) => name.toString('latin1')).toSorted()).toEqual(['a\nb', '\xe9\xff'])
    }),
  )

  test(
    'makes fifos, and as root devices, owners and setuid; the rest is reported',
    scene(async ({ target, memory }, extract) => {
      const tree = directory(
        {
          su: memory.store('su', { uid: 7, gid: 8, mode: 0o4755 }),
          link: symlink('su', { uid: 7, gid: 8 }),
          pipe: special('fifo', 0, 0, { ...ME, mode: 0o622 }),
          null: special('character', 1, 3, { mode: 0o666 }),
          loop: special('block', 7, 300, { uid: 0, gid: 6, mode: 0o660 }),
          sock: special('socket'),
          sda: special('socket', 8, 1),
        },
        ME,
      )
      tree.children.set('\xe9', special('fifo', 0, 0, ME))
      const report = await extract(tree)
      const sockets = [
        { kind: 'socket', path: 'sda', reason: 'a device "8,1" of a lost kind' },
        { kind: 'socket', path: 'sock', reason: 'no program listens on it' },
      ]
      const unprivileged = [
        { kind: 'owner', path: '', reason: 'needs root; entries of other owners: 2' },
        { kind: 'device', path: 'loop', reason: 'needs root' },
        { kind: 'device', path: 'null', reason: 'needs root' },
        ...sockets,
        { kind: 'set-id', path: 'su', reason: 'the owner is not restored' },
      ]
      expect(report).toMatchObject({ specials: IS_ROOT ? 4 : 2, skipped: IS_ROOT ? sockets : unprivileged })
      const pipe = await lstat(join(target, 'pipe'))
      expect([pipe.isFIFO(), pipe.mode & 0o7777, pipe.mtimeMs]).toEqual([true, 0o622, 1_500_000_000_000])
      const { uid, gid, mode } = await lstat(join(target, 'su'))
      expect([uid, gid, mode & 0o7777]).toEqual(IS_ROOT ? [7, 8, 0o4755] : [ME.uid, ME.gid, 0o755])
      const names = await readdir(target, { encoding: 'latin1' })
      expect(names.toSorted()).toEqual(['link', ...(IS_ROOT ? ['loop', 'null'] : []), 'pipe', 'su', '\xe9'])
      for (const [name, major, minor] of IS_ROOT
        ? ([
            ['null', 1, 3],
            ['loop', 7, 300],
          ] as const)
        : []) {
        expect((await lstat(join(target, name))).rdev).toBe(deviceNumber(major, minor))
      }
    }),
  )

  test(
    'as somebody else leaves owners, setuid and devices, and says so',
    scene(async ({ target, memory }, extract) => {
      const tree = directory(
        {
          su: memory.store('su', { ...ME, mode: 0o6755 }),
          tty: special('character', 5, 0),
          d: directory({}, { ...ME, uid: ME.uid + 1 }),
        },
        ME,
      )
      expect((await extract(tree, { privileged: false })).skipped).toEqual([
        { kind: 'owner', path: '', reason: 'needs root; entries of other owners: 1' },
        { kind: 'set-id', path: 'su', reason: 'the owner is not restored' },
        { kind: 'device', path: 'tty', reason: 'needs root' },
      ])
      expect([await modeOf(join(target, 'su')), (await lstat(join(target, 'd'))).uid]).toEqual([0o755, ME.uid])
    }),
  )
})

describe('nothing leaves the target', () => {
  const full: ExtractOptions = { allowNonEmpty: true }

  test(
    'a target with something in it is refused',
    scene(async ({ target }, extract) => {
      await mkdir(target)
      await writeFile(join(target, 'x'), '')
      await expect(extract(directory())).rejects.toThrow(
        `${target}: is not empty; give an empty directory or allow this one`,
      )
    }),
  )

  test(
    'a target with something in it is shared when allowed',
    scene(async ({ target, memory }, extract) => {
      await mkdir(join(target, 'etc'), { recursive: true })
      await writeFile(join(target, 'etc/mine'), 'mine')
      await extract(directory({ etc: directory({ new: memory.store('new', ME) }, ME) }, ME), full)
      expect((await readdir(join(target, 'etc'))).toSorted()).toEqual(['mine', 'new'])
    }),
  )

  test(
    'a link in the place of a directory is not followed',
    scene(async ({ target, outside, memory }, extract) => {
      await mkdir(target)
      await makeLink(outside, join(target, 'etc'))
      const tree = directory({ etc: directory({ passwd: memory.store('evil', ME) }, ME) }, ME)
      await expect(extract(tree, full)).rejects.toThrow(
        /"\/etc" was not extracted: EEXIST.*; the target is incomplete, empty it/,
      )
    }),
  )

  test.each(['file', 'fifo', 'link'])('a link in the place of a %s is not followed', (kind) =>
    scene(async ({ target, outside, memory }, extract) => {
      await mkdir(target)
      await makeLink(join(outside, 'passwd'), join(target, 'x'))
      const node = { file: memory.store('evil', ME), fifo: special('fifo', 0, 0, ME), link: symlink('evil', ME) }[kind]
      if (node === undefined) throw new Error(kind)
      await expect(extract(directory({ x: node }, ME), full)).rejects.toMatchObject({ code: 'io' })
      expect(await readlink(join(target, 'x'))).toBe(join(outside, 'passwd'))
      expect(await readdir(target)).toEqual(['x'])
    })(),
  )

  test(
    'a directory that is swapped for a link while a file in it is written is not left: the files follow the directory',
    scene(async ({ target, outside, memory }, extract) => {
      const { get } = memory
      const tree = directory(
        { d: directory({ e: directory({ a: memory.store('a', ME), b: memory.store('b', ME) }, ME) }, ME) },
        ME,
      )
      memory.get = async (id) => {
        await rename(join(target, 'd'), join(target, 'moved')).catch(() => {})
        await makeLink(outside, join(target, 'd')).catch(() => {})
        return get(id)
      }
      // What is there when directories are finished is no directory: that is told, nothing is done to it.
      await expect(extract(tree)).rejects.toMatchObject({ code: 'io' })
      expect((await readdir(join(target, 'moved/e'))).toSorted()).toEqual(['a', 'b'])
    }),
  )

  test(
    'a deep tree needs few open directories, and paths longer than the system takes at once',
    scene(async ({ target, memory }, extract) => {
      const depth = 1000
      let tree = directory({ last: memory.store('x', ME) }, ME)
      for (let i = 0; i < depth; i++) tree = directory({ abc: tree, z: memory.store('', ME) }, ME)
      const report = await extract(tree)
      expect(report).toMatchObject({ files: depth + 1, directories: depth + 1 })
      expect((await readdir(join(target, 'abc/'.repeat(500)))).toSorted()).toEqual(['abc', 'z'])
    }),
  )

  test(
    'a file is never replaced',
    scene(async ({ target, memory }, extract) => {
      await mkdir(target)
      await writeFile(join(target, 'x'), 'mine')
      await expect(extract(directory({ x: memory.store('evil', ME) }, ME), full)).rejects.toMatchObject({ code: 'io' })
      expect(await readFile(join(target, 'x'), 'utf8')).toBe('mine')
    }),
  )

  test(
    'a link of the flist is made, not followed: mode, owner and time are its own',
    scene(async ({ target, outside }, extract) => {
      const before = await lstat(join(outside, 'passwd'))
      await extract(
        directory({ a: symlink(join(outside, 'passwd'), { ...ME, mtime: 5 }), b: symlink('../outside', ME) }, ME),
      )
      const after = await lstat(join(outside, 'passwd'))
      expect([after.mode, after.uid, after.mtimeMs]).toEqual([before.mode, before.uid, before.mtimeMs])
      expect((await lstat(join(target, 'a'))).mtimeMs).toBe(5000)
    }),
  )
})

describe('an extraction that fails', () => {
  test(
    'names the file and says what to do',
    scene(async ({ target, memory }, extract) => {
      const tree = directory({ etc: directory({ motd: memory.store('hello', ME) }, ME) }, ME)
      memory.chunks.clear()
      const extracted = extract(tree)
      await expect(extracted).rejects.toMatchObject({ code: 'chunk-missing' })
      await expect(extracted).rejects.toThrow(
        /"\/etc\/motd" was not extracted: memory: has no chunk .*; the target is incomplete, empty it and extract again$/,
      )
      await expect(extracted).rejects.toThrow(target)
    }),
  )

  test(
    'because it was called off gives the reason',
    scene(async ({ memory }, extract) => {
      const signal = AbortSignal.abort(new Error('enough'))
      await expect(extract(directory({ a: memory.store('x', ME) }, ME), { signal })).rejects.toThrow('enough')
    }),
  )

  test(
    'because the target is a file says so',
    scene(async ({ target }, extract) => {
      await writeFile(target, '')
      await expect(extract(directory())).rejects.toThrow(/: cannot be extracted into .*; give an empty directory$/)
    }),
  )
})

/** A device number as Linux packs it. */
function deviceNumber(major: number, minor: number): number {
  return ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & ~0xff) << 12)
}
