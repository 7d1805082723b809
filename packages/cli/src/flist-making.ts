import {
  type ChunkList,
  type ChunkStore,
  type DirectoryNode,
  openChunkStore,
  openFlist,
  writeFlist,
} from '@tf-images/flist'
import type { Backend, Source } from '@tf-images/pipeline'
import { convertSource, openSource } from '@tf-images/pipeline/conversion'
import { formatReference, parseReference } from '@tf-images/registry'
import type { FlistDetails, FlistMaker } from '@tf-images/twin'
import { dockerCredentials, hostPlatform } from './settings.ts'

/** Makes the flists of a local hub with the converter that everything else here uses. */
export const flistMaker: FlistMaker = {
  async fromDirectory(directory, output, details) {
    const source: Source = { kind: 'directory', title: directory, path: directory, close: async () => {} }
    await withStore(details, (store) =>
      convertSource(source, output, store, { imageRaw: true, signal: details.signal }),
    )
    await setMetadata(output, details)
  },

  async fromImage(reference, output, details) {
    const { signal, metadata } = details
    // Written out in full it is a path of no file here, and a path can not be written so.
    const image = formatReference(parseReference(reference))
    const source = await openSource(image, { platform: hostPlatform(), credentials: dockerCredentials, signal })
    try {
      if (source.kind !== 'image') throw new Error(`${reference}: is a path of this machine, not an image`)
      // The twin always names the backend, by host, port and namespace.
      const backend = metadata.backend as Backend
      await withStore(details, (store) =>
        convertSource(source, output, store, { startupToml: true, imageRaw: true, backend, signal }),
      )
    } finally {
      await source.close()
    }
  },

  async merge(sources, output, signal) {
    const [first, ...others] = sources
    if (first === undefined) throw new Error('nothing to merge')
    using flist = await openFlist(first, { signal })
    const root = flist.readTree()
    for (const path of others) {
      using other = await openFlist(path, { signal })
      mergeTree(root, other.readTree())
    }
    await writeFlist(root, flist.metadata, output)
  },
}

async function withStore<T>({ chunks, signal }: FlistDetails, use: (store: ChunkStore) => Promise<T>): Promise<T> {
  const store = await openChunkStore(chunks, { signal })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

async function setMetadata(path: string, { metadata, signal }: FlistDetails): Promise<void> {
  using flist = await openFlist(path, { signal })
  await writeFlist(flist.readTree(), metadata, path)
}

/** Adds what a tree lacks; where both have something, the tree's own stays, and two directories become one. */
function mergeTree(tree: DirectoryNode<ChunkList>, other: DirectoryNode<ChunkList>): void {
  for (const [name, node] of other.children) {
    const own = tree.children.get(name)
    if (!own) tree.children.set(name, node)
    else if (own.type === 'directory' && node.type === 'directory') mergeTree(own, node)
  }
}
