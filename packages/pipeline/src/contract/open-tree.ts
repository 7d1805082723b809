import {
  CHUNK_SIZE,
  type ChunkFormat,
  type ChunkList,
  type ChunkReader,
  type FileNode,
  readFile,
} from '@tf-images/flist'
import { type ContentReader, type ContractTree, directoryTree, nodeTree } from '@tf-images/vm'
import { compressedBytesOf, readSource, runtimeConfig } from '../convert.ts'
import { imageCommand } from '../image-metadata.ts'
import { boundsOf, nameLimits } from '../limits.ts'
import { type OpenedFlist, openFlistAt } from '../read.ts'
import { openSource, type SourceOptions } from '../source.ts'
import { spoolContents } from './spooled-contents.ts'

/** Something that may become a Zmachine, opened for looking at its files. */
export type OpenedTree = {
  readonly tree: ContractTree
  /** The directory of this machine that it is; undefined where it is none. */
  readonly directory: string | undefined
  /** The flist's name or address; undefined where it is no flist. */
  readonly address: string | undefined
  /** Command that the flist or the image names; empty where there is none. */
  readonly entrypoint: readonly string[]
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export type OpenTreeOptions = SourceOptions & {
  /** Chunk store of a flist, or where it is. Default: the backend it names. One that is open stays so. */
  readonly chunks?: string | ChunkReader
}

/**
 * Opens a flist (path or http(s) address), a directory, a root tar or an image. Of a flist only the chunks that are read are fetched;
 * of a tar or an image the contents are put in a temporary file.
 *
 * @throws PipelineError 'bad-source', RegistryError, RootfsError, FlistError
 */
export async function openTree(name: string, options: OpenTreeOptions = {}): Promise<OpenedTree> {
  if (/^https?:\/\//.test(name) || /\.(flist|fl)$/.test(name)) return openFlistTree(name, options)
  const source = await openSource(name, options)
  if (source.kind === 'directory') {
    // That of a disk image is a temporary one.
    const directory = source.path === name ? name : undefined
    const opened = { tree: directoryTree(source.path), directory, address: undefined, entrypoint: [] }
    return { ...opened, [Symbol.asyncDispose]: source.close }
  }
  const spool = await spoolContents()
  try {
    const { signal } = options
    const bounds = boundsOf({}, await compressedBytesOf(source))
    const { root } = await readSource(source, spool.store, { bounds, ...(signal ? { signal } : {}) })
    const entrypoint = source.kind === 'image' ? imageCommand(runtimeConfig(source.image)) : []
    const tree = nodeTree<Uint8Array>(root, ({ content }, range) => spool.read(content, range))
    return { tree, directory: undefined, address: undefined, entrypoint, [Symbol.asyncDispose]: () => spool.close() }
  } catch (error) {
    await spool.close()
    throw nameLimits(error)
  } finally {
    await source.close()
  }
}

async function openFlistTree(name: string, options: OpenTreeOptions): Promise<OpenedTree> {
  const opened = await openFlistAt(name, options.chunks)
  try {
    const { flist } = opened
    const tree = nodeTree<ChunkList>(flist.readTree(), flistContents(opened))
    const entrypoint = flist.metadata.entrypoint ?? []
    return { tree, directory: undefined, address: name, entrypoint, [Symbol.asyncDispose]: opened[Symbol.asyncDispose] }
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
}

/** Fetches the chunks that a range of a file is in, and no others. */
function flistContents({ flist, chunks }: OpenedFlist): ContentReader<ChunkList> {
  const { chunkFormat: format } = flist
  return async (file, { offset, length }) => {
    const first = Math.floor(offset / CHUNK_SIZE)
    const part = partOf(file, first, Math.ceil((offset + length) / CHUNK_SIZE), format)
    const pieces: Uint8Array[] = []
    for await (const bytes of readFile(part, await chunks(), { format })) pieces.push(bytes)
    const begin = offset - first * CHUNK_SIZE
    return Buffer.concat(pieces).subarray(begin, begin + length)
  }
}

/** A file of the chunks `first` to before `end` of another one. */
function partOf(
  file: Pick<FileNode<ChunkList>, 'size' | 'content'>,
  first: number,
  end: number,
  { entryBytes }: ChunkFormat,
): FileNode<ChunkList> {
  const attributes = { mode: 0, uid: 0, gid: 0, mtime: 0 }
  const size = Math.min(file.size, end * CHUNK_SIZE) - first * CHUNK_SIZE
  const content = file.content.subarray(first * entryBytes, end * entryBytes)
  return { type: 'file', ...attributes, size: Math.max(0, size), content }
}
