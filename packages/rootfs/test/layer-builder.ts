import { type Header, pack } from 'tar-stream'
import type { ContentStore } from '../src/content-store.ts'
import type { Layer } from '../src/layer.ts'
import { readLayer } from '../src/layer-reader.ts'
import type { DirectoryNode, Node } from '../src/tree.ts'
import { walkTree } from '../src/walk-tree.ts'

/** An entry of a layer, without its name. */
export type Fixture = Omit<Partial<Header>, 'name'> & { readonly content?: string | Buffer }

type Owner = { readonly mode?: number; readonly uid?: number; readonly gid?: number; readonly mtime?: number }

const entry = ({ mtime = 0, ...owner }: Owner, rest: Fixture): Fixture => ({
  ...rest,
  ...owner,
  mtime: new Date(mtime * 1000),
})

export const file = (content = '', owner: Owner = {}): Fixture =>
  entry({ mode: 0o644, ...owner }, { type: 'file', content })
export const directory = (owner: Owner = {}): Fixture => entry({ mode: 0o755, ...owner }, { type: 'directory' })
export const symlink = (linkname: string, owner: Owner = {}): Fixture => entry(owner, { type: 'symlink', linkname })
export const hardlink = (linkname: string, owner: Owner = {}): Fixture =>
  entry({ mode: 0o644, ...owner }, { type: 'link', linkname })
export const device = (devmajor: number, devminor: number): Fixture =>
  entry({ mode: 0o666 }, { type: 'character-device', devmajor, devminor })
export const fifo = (): Fixture => entry({ mode: 0o600 }, { type: 'fifo' })
export const whiteout = (): Fixture => file()

/** Entries in their order; pairs where one name is used twice. */
export type Fixtures = Readonly<Record<string, Fixture>> | readonly (readonly [name: string, fixture: Fixture])[]

/** An archive written by tar-stream. */
export async function tarOf(fixtures: Fixtures): Promise<Buffer> {
  const archive = pack()
  for (const [name, { content, ...header }] of isPairs(fixtures) ? fixtures : Object.entries(fixtures)) {
    if (content === undefined) archive.entry({ ...header, name })
    else archive.entry({ ...header, name }, content)
  }
  archive.finalize()
  const parts: Buffer[] = []
  for await (const part of archive) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function isPairs(fixtures: Fixtures): fixtures is readonly (readonly [string, Fixture])[] {
  return Array.isArray(fixtures)
}

/** A layer as {@link readLayer} reads it, with the content of files as text. */
export async function layer(fixtures: Fixtures, name = 'layer'): Promise<Layer<string>> {
  return readLayer(once(await tarOf(fixtures)), textStore(), { name })
}

/** One chunk as a stream. */
export async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

/** Keeps content as latin1 text. */
export function textStore(): ContentStore<string> {
  return {
    open: () => {
      const parts: string[] = []
      return {
        write: (bytes) => void parts.push(Buffer.from(bytes).toString('latin1')),
        end: () => parts.join(''),
      }
    },
  }
}

/**
 * A tree as lines: `path` → type and content, and attributes if wanted. A further name of a node is shown as `= ` and
 * its first name.
 */
export function show(root: DirectoryNode<string>, withAttributes = false): Record<string, string> {
  const paths = new Map<unknown, string>()
  const lines: Record<string, string> = {}
  for (const { path, node } of walkTree(root)) {
    const first = paths.get(node)
    if (first === undefined) paths.set(node, path)
    const { mode, uid, gid, mtime, mtimeNanos = 0 } = node
    const attributes = `${mode.toString(8)} ${uid}:${gid} ${mtime}${mtimeNanos === 0 ? '' : `+${mtimeNanos}ns`}`
    const detail = first === undefined ? describe(node) : `= ${first}`
    if (path !== '' || withAttributes) lines[path] = withAttributes ? `${detail} ${attributes}` : detail
  }
  return lines
}

function describe(node: Node<string>): string {
  switch (node.type) {
    case 'directory':
      return 'directory'
    case 'file':
      return `file ${JSON.stringify(node.content)}`
    case 'symlink':
      return `-> ${node.target}`
    default:
      return `${node.type} ${node.major},${node.minor}`
  }
}
