import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChunkList, type Node, openChunkStore, openFlist } from '@tf-images/flist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { convertSource } from './convert.ts'
import { openSource } from './source.ts'

/** Trees that the reference made flists of: converting the same tar gives the same tree, keys and ACLs. */
const vectors = ['basic', 'bigdir', 'chunks', 'metadata', 'names', 'special'] as const
const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'vectors')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flist-golden-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(vectors)('input.tar of %s', (name) => {
  test('converts to the tree of the reference', async () => {
    const output = join(folder, `${name}.flist`)
    const store = await openChunkStore(join(folder, 'chunks'))
    const source = await openSource(join(fixtures, name, 'input.tar'))
    await convertSource(source, output, store)
    await Promise.all([source.close(), store.close()])
    const [ours, reference] = [await readComparable(output), await readComparable(join(fixtures, name, 'out.flist'))]
    expect(ours).toEqual(asReference(reference, ours))
  })
})

type Comparable = { readonly acls: ReadonlySet<string>; readonly entries: Readonly<Record<string, object>> }

/** Everything two flists must agree on: the tree with the keys of chunks (ids depend on the compressor), and the ACL keys. */
async function readComparable(path: string): Promise<Comparable> {
  using flist = await openFlist(path)
  const entries = [...walk('', flist.readTree())].map(([entryPath, node]) => [entryPath, comparableNode(node)])
  const acls = [...(flist.database.format === 'flist' ? flist.database.keys() : [])].filter((key) => key.length === 16)
  return { acls: new Set(acls), entries: Object.fromEntries(entries) }
}

function* walk(path: string, node: Node<ChunkList>): Generator<[string, Node<ChunkList>]> {
  yield [path, node]
  if (node.type !== 'directory') return
  for (const [name, child] of node.children) yield* walk(`${path}/${name}`, child)
}

function comparableNode(node: Node<ChunkList>): object {
  if (node.type === 'directory') {
    const { children, ...attributes } = node
    return { ...attributes, names: [...children.keys()] }
  }
  if (node.type !== 'file') return node
  const keys: string[] = []
  for (let at = 16; at < node.content.length; at += 32)
    keys.push(Buffer.from(node.content.subarray(at, at + 16)).toString('hex'))
  return { ...node, content: keys }
}

/**
 * The reference's tree with what a correct writer has otherwise: attributes of the root and the kind of special files, which the
 * reference loses. A tar can not hold the socket of `special`.
 */
function asReference(reference: Comparable, ours: Comparable): Comparable {
  const entries = Object.entries(reference.entries).map(([path, node]): [string, object] => {
    if (path === '') return [path, { ...ours.entries[''], names: namesOf(node).filter((name) => name !== 'sock') }]
    return [path, 'type' in node && node.type === 'socket' ? { ...node, type: kindOf(path, node) } : node]
  })
  return { ...reference, entries: Object.fromEntries(entries.filter(([path]) => path !== '/sock')) }
}

function namesOf(node: object): string[] {
  return 'names' in node && Array.isArray(node.names) ? node.names : []
}

function kindOf(path: string, node: object): string {
  if (path === '/dev/sda1') return 'block'
  return path === '/dev/wh00' || ('major' in node && node.major !== 0) ? 'character' : 'fifo'
}
