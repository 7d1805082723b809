import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openImageLayout } from '../../packages/registry/src/archives.ts'
import { parseReference } from '../../packages/registry/src/reference.ts'
import { blobsOf, makeLayout, writeLayout } from '../../packages/registry/test/layout-fixture.ts'
import { applyLayers, type DirectoryNode, type Node, readLayer, walkTree } from '../../packages/rootfs/src/index.ts'
import {
  device,
  directory,
  type Fixture,
  fifo,
  file,
  hardlink,
  symlink,
  textStore,
  whiteout,
} from '../../packages/rootfs/test/layer-builder.ts'
import { imageOf } from '../harness/image-layout.ts'
import { listTree } from '../harness/listing.ts'
import { run } from '../harness/real-images.ts'

/**
 * Generated stacks of layers against `umoci unpack`: every entry with its type, mode, owner, size, target, content and, but
 * for directories, its time. The naive model of packages/rootfs/src/layers-model.test.ts was written by those who wrote
 * what it is compared with; umoci was not.
 */
const COUNT = 200
const SEED = process.env.FLIST_TEST_SEED ? Number(process.env.FLIST_TEST_SEED) : Date.now() % 2 ** 31

type Entries = readonly (readonly [name: string, fixture: Fixture])[]

const name = fc.constantFrom('a', 'b', 'c', 'd\u00e9')
const owner = fc.record({
  mode: fc.constantFrom(0o644, 0o600, 0o755, 0o4711, 0o1777),
  uid: fc.constantFrom(0, 1000, 200_000),
  gid: fc.constantFrom(0, 50),
  mtime: fc.constantFrom(0, 1, 1_600_000_000),
})

type Owner = typeof owner extends fc.Arbitrary<infer T> ? T : never

/** What exists at a path while a stack is made up. */
type Place = { readonly type: string; readonly owner: Owner }

/** One change, with numbers that say of what among all that is possible. */
const change = fc.record({
  kind: fc.constantFrom(
    ...([
      'file',
      'file',
      'file',
      'directory',
      'directory',
      'symlink',
      'hardlink',
      'remove',
      'remove',
      'opaque',
      'device',
      'fifo',
    ] as const),
  ),
  path: fc.array(name, { minLength: 1, maxLength: 4 }),
  pick: fc.nat(),
  owner,
  content: fc.string({ maxLength: 5 }),
  spelling: fc.constantFrom('', './', '/'),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

const stacks = fc.array(fc.array(change, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 5 })

/**
 * Entries of a stack as engines make them: nothing lies below what is no directory in the same layer, hard links lead to what
 * is there, a whiteout names what a lower layer has.
 */
function entriesOf(stack: readonly (readonly Change[])[]): Entries[] {
  let tree = new Map<string, Place>()
  return stack.map((changes) => {
    const entries: (readonly [string, Fixture])[] = []
    const lower = new Map(tree)
    for (const each of changes) {
      const path = each.path.join('/')
      const parents = each.path.slice(0, -1).map((_, depth) => each.path.slice(0, depth + 1).join('/'))
      if (parents.some((parent) => (tree.get(parent) ?? { type: 'directory' }).type !== 'directory')) continue
      const put = (type: string, fixture: Fixture, suffix = '', kept = each.owner) => {
        if (tree.get(path)?.type !== 'directory' || type !== 'directory') tree = without(tree, path)
        for (const parent of parents) if (!tree.has(parent)) tree.set(parent, { type: 'directory', owner: each.owner })
        tree.set(path, { type, owner: kept })
        entries.push([`${each.spelling}${path}${suffix}`, fixture])
      }
      if (each.kind === 'file') put('file', file(each.content, each.owner))
      else if (each.kind === 'directory') put('directory', directory(each.owner), '/')
      else if (each.kind === 'symlink') put('symlink', symlink(each.content === '' ? '../a' : each.content, each.owner))
      else if (each.kind === 'device') put('device', device(each.pick % 300, each.pick % 70))
      else if (each.kind === 'fifo') put('fifo', fifo())
      else if (each.kind === 'hardlink') {
        const targets = [...tree].filter(
          ([other, { type }]) => type === 'file' && other !== path && !other.startsWith(`${path}/`),
        )
        const target = targets[each.pick % targets.length]
        // Docker gives the file the attributes of the link's header, umoci does not; engines write those it has.
        if (target) put('file', hardlink(target[0], target[1].owner), '', target[1].owner)
      } else {
        const found = lower.get(path)
        // What this layer put there is not what a whiteout of it is for.
        if (
          found === undefined ||
          entries.some(([, { type }], i) => type !== undefined && cleanName(entries[i]?.[0]).startsWith(path))
        )
          continue
        if (each.kind === 'remove') {
          tree = without(tree, path)
          tree.delete(path)
          entries.push([[...parents.slice(-1), `.wh.${each.path.at(-1)}`].join('/'), whiteout()])
        } else if (found.type === 'directory') {
          tree = without(tree, path)
          entries.push([`${path}/.wh..wh..opq`, whiteout()])
        }
      }
    }
    return entries
  })
}

const cleanName = (path = '') => path.replace(/^\.?\//, '').replace(/\/$/, '')

const without = (tree: ReadonlyMap<string, Place>, path: string) =>
  new Map([...tree].filter(([other]) => !other.startsWith(`${path}/`)))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-generated-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The tree that our reading of the layers of an image gives. */
async function readTree(layout: string, tag: string): Promise<DirectoryNode<string>> {
  const reader = await openImageLayout(layout)
  const { reference, layers } = await reader.resolve(parseReference(`x:${tag}`))
  const read = []
  for (const layer of layers) read.push(await readLayer(reader.blob(reference, layer), textStore()))
  await reader.close()
  return applyLayers(read)
}

const LETTERS: Readonly<Record<string, string>> = {
  directory: 'd',
  file: 'f',
  symlink: 'l',
  character: 'c',
  block: 'b',
  fifo: 'p',
}

/** The line of `listTree` for a node. */
function lineOf(node: Node<string>): string {
  const { type, mode, uid, gid, mtime } = node
  const size = type === 'file' ? node.size : type === 'symlink' ? node.target.length : type === 'directory' ? '' : 0
  const digest = type === 'file' ? createHash('sha256').update(Buffer.from(node.content, 'latin1')).digest('hex') : ''
  const target = type === 'symlink' ? node.target : ''
  const facts = [LETTERS[type], mode.toString(8), `${uid}/${gid}`, size, target, digest]
  return [...facts, ...(type === 'directory' ? [] : [mtime])].join(' ')
}

test(`${COUNT} stacks are what umoci makes of them`, async () => {
  const samples = fc.sample(stacks, { numRuns: COUNT, seed: SEED }).map(entriesOf)
  const layout = join(folder, 'layout')
  const images = await Promise.all(samples.map((layers) => imageOf(layers, { compression: 'none' })))
  const entries = images.map(({ manifest }, n) => ({
    manifest,
    annotations: { 'org.opencontainers.image.ref.name': `s${n}` },
  }))
  await writeLayout(layout, makeLayout(entries, images.flatMap(blobsOf)))
  const bundles = join(folder, 'bundles')
  await mkdir(bundles)
  const script = 'for n in $(seq 0 "$1"); do umoci unpack --image "$2:s$n" "$3/$n" >/dev/null || exit 1; done'
  await run('sh', '-c', script, 'sh', String(COUNT - 1), layout, bundles)
  const theirs = await listTree(bundles, { times: true })
  let compared = 0
  for (const [n, layers] of samples.entries()) {
    const root = `${n}/rootfs/`
    const expected = [...theirs].flatMap(([path, line]) =>
      path.startsWith(root) ? [`${path.slice(root.length)}: ${line}`] : [],
    )
    const tree = await readTree(layout, `s${n}`)
    const actual = [...walkTree(tree)].flatMap(({ path, node }) => (path === '' ? [] : [`${path}: ${lineOf(node)}`]))
    compared += actual.length
    const described = layers.map((layer) => layer.map(([path, { type }]) => `${type} ${path}`))
    const hint = `stack ${n} of FLIST_TEST_SEED=${SEED}: ${JSON.stringify(described)}`
    expect(actual.sort(), hint).toEqual(expected.sort())
  }
  expect(compared).toBeGreaterThan(5 * COUNT)
}, 120_000)
