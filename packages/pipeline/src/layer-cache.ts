import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CHUNK_SIZE, type ChunkFormat, type ChunkList } from '@tf-images/flist'
import { decodeLayer, encodeLayer, type Layer, RootfsError } from '@tf-images/rootfs'
import { CONVERTER_VERSION } from './build-id.ts'
import { PipelineError } from './errors.ts'

/** Layers as they were converted before, by diffID. */
export type LayerCache = {
  /**
   * The layer, or undefined where there is none that can be used; a file that is damaged, of another layer or of another
   * version is deleted. What it names need not be in a chunk store: that is for the caller to ask.
   *
   * @param name what the layer is called in messages
   */
  load(diffId: string, chunks: ChunkFormat, name: string): Promise<Layer<ChunkList> | undefined>
  /** Keeps a layer, whose chunks must be stored by now. @throws PipelineError 'cache-failed' */
  save(diffId: string, chunks: ChunkFormat, layer: Layer<ChunkList>): Promise<void>
}

/** Larger files are no index: `decodeLayer` takes 512 MiB before compression. */
const MAX_FILE_BYTES = 512 << 20

/**
 * A cache in a directory, which is made when the first layer is kept. Each layer is one file, named by the sha256 of all it
 * depends on: diffID, converter version, chunk format. A file appears whole or not at all, so any number of processes may
 * share the directory. Who can write to it decides what is in flists, as with the images themselves.
 */
export function openLayerCache(folder: string): LayerCache {
  async function load(diffId: string, chunks: ChunkFormat, name: string): Promise<Layer<ChunkList> | undefined> {
    const identity = identityOf(diffId, chunks)
    const decodeContent = (bytes: Uint8Array, size: number) => checkLength(bytes, Math.ceil(size / CHUNK_SIZE), chunks)
    const path = layerIndexPath(folder, diffId, chunks)
    try {
      return { ...decodeLayer(await readIndex(path), identity, decodeContent, { name: path }), name }
    } catch (error) {
      if (error instanceof RootfsError) await rm(path, { force: true }).catch(failed(path, 'cannot be deleted'))
      else if (codeOf(error) !== 'ENOENT') failed(path, 'cannot be read')(error)
      return undefined
    }
  }

  async function save(diffId: string, chunks: ChunkFormat, layer: Layer<ChunkList>): Promise<void> {
    const identity = identityOf(diffId, chunks)
    const path = layerIndexPath(folder, diffId, chunks)
    const temporary = `${path}.${randomBytes(8).toString('hex')}`
    try {
      await mkdir(folder, { recursive: true })
      await writeFile(
        temporary,
        encodeLayer(layer, identity, (content) => content),
        { flag: 'wx' },
      )
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      failed(path, 'cannot be written')(error)
    }
  }

  return { load, save }
}

/** Where {@link openLayerCache} keeps a layer in its folder. */
export function layerIndexPath(folder: string, diffId: string, chunks: ChunkFormat): string {
  return join(folder, createHash('sha256').update(identityOf(diffId, chunks)).digest('hex'))
}

/** All that the index of a layer depends on. */
function identityOf(diffId: string, { name }: ChunkFormat): string {
  return `${diffId} converter ${CONVERTER_VERSION} chunks ${name} ${CHUNK_SIZE}`
}

function checkLength(list: Uint8Array, count: number, { entryBytes }: ChunkFormat): ChunkList {
  if (list.length === count * entryBytes) return list
  throw new Error(`${list.length} bytes are no list of ${count} chunks`)
}

async function readIndex(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > MAX_FILE_BYTES) throw new RootfsError('index', `${path}: it has ${size} bytes; delete it`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : undefined)

function failed(path: string, what: string): (cause: unknown) => never {
  return (cause) => {
    const reason = codeOf(cause) ?? String(cause)
    throw new PipelineError(
      'cache-failed',
      `${path}: ${what} (${reason}); check the directory and its permissions, or convert without a layer cache`,
      { cause },
    )
  }
}
