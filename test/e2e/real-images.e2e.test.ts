import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flist, runCommand } from '../harness/command.ts'
import { listTree } from '../harness/listing.ts'
import { buildWithEngine, DOCKERFILES, importToolBase, run } from '../harness/real-images.ts'

/**
 * Real images, converted and extracted, against what `umoci unpack` and `docker export` make of them: every entry with its
 * type, mode, owner, size, target, content and, but for directories, its time. Extended attributes are not compared, as
 * the format has no place for them.
 */
const prefix = `flist-real-${process.pid}`
const base = `${prefix}-base:1`
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-real-'))
  await importToolBase(folder, base)
})
afterAll(async () => {
  await runCommand('docker', ['rmi', '--force', base])
  await rm(folder, { recursive: true, force: true })
})

/** A folder for one test, gone after it: some of these trees are large. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(folder, 'image-'))
  try {
    await work(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

type Tree = Map<string, string>

/** The one large file is compared by itself, once. */
const LISTING = { times: true, withoutLarge: true }

async function byFlist(work: string, source: string): Promise<Tree> {
  const [output, chunks, target] = ['out.flist', 'chunks', 'extracted'].map((name) => join(work, name))
  for (const args of [
    ['convert', source, '--output', output ?? '', '--chunks', chunks ?? ''],
    ['extract', output ?? '', target ?? '', '--chunks', chunks ?? ''],
  ]) {
    const { code, stderr } = await flist(args)
    expect(code, stderr).toBe(0)
  }
  return listTree(target ?? '', LISTING)
}

async function byUmoci(work: string, layout: string): Promise<Tree> {
  await run('umoci', 'unpack', '--image', `${layout}:v1`, join(work, 'bundle'))
  return listTree(join(work, 'bundle', 'rootfs'), LISTING)
}

async function byEngine(work: string, name: string): Promise<Tree> {
  const target = join(work, 'exported')
  await mkdir(target)
  const container = (await run('docker', 'create', name, '/none')).trim()
  try {
    const script = 'docker export "$1" | tar -x --numeric-owner -C "$2"'
    await run('sh', '-c', script, 'sh', container, target)
  } finally {
    await run('docker', 'rm', container)
  }
  return listTree(target, LISTING)
}

/** What the engine mounts into a container, and leaves its mount points of in an export; `umoci unpack` has none of them. */
const MOUNT_POINTS = /^(\.dockerenv|dev|proc|sys|etc|etc\/(hostname|hosts|resolv\.conf|mtab)|dev\/(console|pts|shm))$/

const without = (tree: Tree, pattern: RegExp) =>
  Object.fromEntries([...tree].filter(([path]) => !pattern.test(path)).sort(([a], [b]) => (a < b ? -1 : 1)))

describe('images built by the engine', () => {
  test.each(Object.keys(DOCKERFILES))('%s', async (title) => {
    const name = `${prefix}:${title.replaceAll(/[^a-z0-9]+/g, '-')}`
    await inFolder(async (work) => {
      await buildWithEngine(work, name, DOCKERFILES[title]?.(base) ?? [])
      try {
        const [archive, layout] = [join(work, 'saved.tar'), join(work, 'layout')]
        await run('docker', 'save', '--output', archive, name)
        await run('skopeo', 'copy', '--quiet', '--insecure-policy', `docker-archive:${archive}`, `oci:${layout}:v1`)
        const ours = await byFlist(work, archive)
        expect(ours.size).toBeGreaterThan(5)
        expect(without(ours, /^$/)).toEqual(without(await byUmoci(work, layout), /^$/))
        expect(without(ours, MOUNT_POINTS)).toEqual(without(await byEngine(work, name), MOUNT_POINTS))
      } finally {
        await runCommand('docker', ['rmi', '--force', name])
      }
    })
  })
})

describe('images built by buildah', () => {
  // buildah keeps the numbers and the times that tar has, where the engine's COPY would take those of the build.
  test('from a tar with owners, times and names of all kinds', async () => {
    await inFolder(async (work) => {
      const files = join(work, 'files')
      const script = [
        'mkdir -p "$1/deep/er" && cd "$1"',
        'echo a > deep/er/a && ln deep/er/a b && ln -s deep/er/a c && mkfifo p && mknod n c 1 5',
        "echo x > $(printf 'not-\\377-utf8') && touch -d 1969-12-31T23:59:58Z old && touch -d 2040-01-01T00:00:00Z new",
        'chown -h 2000000:3000000 c && chown 70000:80000 b && chmod 4711 b',
        'tar --format=pax --numeric-owner -cf "$2" .',
      ].join(' && ')
      const [tar, layout] = [join(work, 'files.tar'), join(work, 'layout')]
      await run('sh', '-c', script, 'sh', files, tar)
      await writeFile(join(work, 'Dockerfile'), 'FROM scratch\nADD files.tar /\nADD files.tar /again/\n')
      const buildah = (...args: string[]) =>
        run(
          'buildah',
          '--storage-driver',
          'vfs',
          '--root',
          join(work, 'storage'),
          '--runroot',
          join(work, 'run'),
          ...args,
        )
      await buildah('build', '--layers', '--tag', 'real', work)
      await buildah('push', '--quiet', 'real', `oci:${layout}:v1`)
      const ours = await byFlist(work, layout)
      const theirs = await byUmoci(work, layout)
      expect(ours.size).toBeGreaterThan(20)
      // Times before 1970 have no place in the format and become its first second; the reference makes them 2106.
      for (const path of ['old', 'again/old']) {
        expect(theirs.get(path)).toMatch(/ -2$/)
        expect(ours.get(path)).toBe(theirs.get(path)?.replace(/ -2$/, ' 0'))
      }
      expect(without(ours, /(^|\/)old$/)).toEqual(without(theirs, /(^|\/)old$/))
    })
  })
})

describe('images put together by umoci', () => {
  // The engine would write the hole out, as no layer it makes is sparse. Of the sparse formats umoci reads only those of
  // pax: GNU's own, type S, it refuses ("unknown typeflag"). Ours reads all four (packages/rootfs/src/sparse.test.ts).
  test('a sparse file of 4 GiB', async () => {
    await inFolder(async (work) => {
      const [tar, layout] = [join(work, 'sparse.tar'), join(work, 'layout')]
      const script = [
        'mkdir "$1" && cd "$1" && truncate -s 4G hole && echo end >> hole',
        'echo middle | dd of=hole bs=1M seek=2000 conv=notrunc status=none',
        'tar --sparse --format=pax -cf "$2" hole && rm hole',
      ].join(' && ')
      await run('sh', '-c', script, 'sh', join(work, 'files'), tar)
      await run('umoci', 'init', '--layout', layout)
      await run('umoci', 'new', '--image', `${layout}:v1`)
      await run('umoci', 'raw', 'add-layer', '--image', `${layout}:v1`, tar)
      expect(without(await byFlist(work, layout), /^$/)).toEqual(without(await byUmoci(work, layout), /^$/))
      await run('cmp', join(work, 'extracted', 'hole'), join(work, 'bundle', 'rootfs', 'hole'))
    })
  })
})
