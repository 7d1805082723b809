import { applyEntries } from './apply-layers.ts'
import type { ContentStore, ContentWriter } from './content-store.ts'
import { entryPath, hardlinkTarget, type PathRules } from './entry-path.ts'
import { type TarPosition, tarError } from './error.ts'
import { type EntryAttributes, type Layer, type LayerEntry, pathAttributes } from './layer.ts'
import type { TarHeader } from './tar-header.ts'
import { DEFAULT_LIMITS } from './tar-limits.ts'
import { readTar, type TarOptions } from './tar-reader.ts'
import { type DirectoryNode, implicitDirectory } from './tree.ts'
import { classifyPath } from './whiteout.ts'

/**
 * Reads one layer of an image (OCI image-spec, layer.md) from its uncompressed tar: the content of files goes to the
 * store as it streams by, the rest becomes a {@link Layer}. Nothing is looked up in other layers, so each layer can be
 * read, and cached, on its own.
 *
 * Names are cleaned and checked: a leading slash means the root, a `..` is an error. Symbolic links get the mode 0777,
 * the only one they have on Linux.
 *
 * @throws RootfsError naming the archive, the entry and its offset. No layer is returned then; the store may have
 * content that nothing refers to.
 */
export async function readLayer<C>(
  tar: AsyncIterable<Uint8Array>,
  store: ContentStore<C>,
  options: TarOptions = {},
): Promise<Layer<C>> {
  const name = options.name ?? 'layer'
  return { name, entries: await readEntries(tar, store, { ...options, name }, true) }
}

/**
 * Reads a plain archive of a root file system, such as `tar -C ROOT -c .` or `docker export` write: names that begin
 * with `.wh.` are ordinary files, absolute names are an error. Otherwise as {@link readLayer} and {@link applyLayers}.
 */
export async function readRootTar<C>(
  tar: AsyncIterable<Uint8Array>,
  store: ContentStore<C>,
  options: TarOptions = {},
): Promise<DirectoryNode<C>> {
  const name = options.name ?? 'root tar'
  const root = implicitDirectory<C>()
  applyEntries(root, await readEntries(tar, store, { ...options, name }, false), name)
  return root
}

/** A file whose content is being read. */
type OpenFile<C> = {
  readonly attributes: EntryAttributes & { readonly path: string }
  readonly size: number
  readonly writer: ContentWriter<C>
}

async function readEntries<C>(
  tar: AsyncIterable<Uint8Array>,
  store: ContentStore<C>,
  options: TarOptions & { readonly name: string },
  isLayer: boolean,
): Promise<LayerEntry<C>[]> {
  const rules: PathRules = { absoluteNames: isLayer, depth: options.limits?.pathDepth ?? DEFAULT_LIMITS.pathDepth }
  const entries: LayerEntry<C>[] = []
  let file: OpenFile<C> | undefined
  const closeFile = async ({ attributes, size, writer }: OpenFile<C>) => {
    file = undefined
    entries.push({ ...attributes, type: 'file', size, content: await writer.end() })
  }
  const handler = {
    entry(header: TarHeader): void {
      const at = { archive: options.name, offset: header.offset, entry: header.name }
      const path = entryPath(header.name, rules, at)
      const change = isLayer ? classifyPath(path, header.type === 'file', at) : { type: 'entry' as const, path }
      if (change === undefined) return
      if (change.type !== 'entry') entries.push({ type: change.type, path: change.path })
      else if (header.type !== 'file') entries.push(describeEntry(path, header, rules, at))
      else file = { attributes: pathAttributes(path, header), size: header.size, writer: store.open(header.size) }
    },
    data(bytes: Uint8Array): void | Promise<void> {
      return file?.writer.write(bytes)
    },
    end(): void | Promise<void> {
      if (file !== undefined) return closeFile(file)
    },
  }
  await readTar(tar, handler, options)
  return entries
}

/** An entry without content. */
function describeEntry<C>(path: string, header: TarHeader, rules: PathRules, at: TarPosition): LayerEntry<C> {
  const attributes = pathAttributes(path, header)
  const { type, linkName, major, minor } = header
  switch (type) {
    case 'hardlink':
      return { ...attributes, type, target: hardlinkTarget(linkName, rules, at) }
    case 'symlink':
      if (linkName === '') throw tarError('corrupt', at, 'a symbolic link without target; rebuild the archive')
      return { ...attributes, type, mode: 0o777, target: linkName }
    case 'character':
    case 'block':
    case 'fifo':
      return { ...attributes, type, major, minor }
    default:
      return { ...attributes, type: 'directory' }
  }
}
