import {
  type ContentStore,
  DEFAULT_DECOMPRESSION_LIMITS,
  DEFAULT_LIMITS,
  type DecompressionLimits,
  type Layer,
  RootfsError,
  type TarLimits,
} from '@tf-images/rootfs'
import { PipelineError } from './errors.ts'

/** What a source may cost to convert. Each has a generous value where it is not given. */
export type ConvertLimits = {
  /** Bytes of all files of all layers, holes of sparse files included; default 1 TiB. */
  readonly maxSize?: number
  /** As many times the size of the source its files may have, beyond the first 8 GiB; default 200. */
  readonly maxRatio?: number
  /** Entries of all layers together; default 2 million. */
  readonly maxEntries?: number
}

/** The same limits, as those who read need them. */
export type Bounds = {
  readonly contentBytes: number
  readonly tar: TarLimits
  readonly decompression: DecompressionLimits
}

/** What the headers of a tar with as many entries as allowed may need beside its files. */
const HEADER_BYTES = 4 * 1024 ** 3

/**
 * @param compressedBytes what the source is stored as; a ratio is compared with it
 */
export function boundsOf(limits: ConvertLimits = {}, compressedBytes?: number): Bounds {
  const { maxSize = DEFAULT_LIMITS.contentBytes, maxEntries = DEFAULT_LIMITS.entries } = limits
  const { ratioFrom, ratio: usualRatio } = DEFAULT_DECOMPRESSION_LIMITS
  const ratio = limits.maxRatio ?? usualRatio
  const byRatio = compressedBytes === undefined ? maxSize : Math.max(ratioFrom, compressedBytes * ratio)
  return {
    contentBytes: Math.min(maxSize, byRatio),
    tar: { contentBytes: maxSize, entries: maxEntries },
    decompression: { plainBytes: maxSize + HEADER_BYTES, ratio, ratioFrom },
  }
}

/** Adds up what one source has, over all its layers. */
export type SourceBudget = {
  /** The same content store, which refuses the file that is too much for all of them together, before it is read. */
  limit<C>(store: ContentStore<C>): ContentStore<C>
  /** Counts the entries of a layer. @throws PipelineError 'limit' */
  addEntries(layer: Layer<unknown>): void
  /** Counts layers that are not read, as reading would have counted them. @throws PipelineError 'limit' */
  addAll(sums: LayerSums): void
}

/** The entries of layers, and the bytes of their files. */
export type LayerSums = { readonly entries: number; readonly bytes: number }

export function sumLayers(layers: Iterable<Layer<unknown>>): LayerSums {
  let [entries, bytes] = [0, 0]
  for (const layer of layers) {
    entries += layer.entries.length
    for (const entry of layer.entries) if (entry.type === 'file') bytes += entry.size
  }
  return { entries, bytes }
}

/** @param title what messages call the source */
export function createBudget({ contentBytes, tar }: Bounds, title: string): SourceBudget {
  const { entries: mostEntries = DEFAULT_LIMITS.entries } = tar
  let bytes = 0
  let count = 0
  const add = (size: number) => {
    bytes += size
    if (bytes > contentBytes) throw beyond(title, `its files have ${bytes} bytes and more`, contentBytes)
  }
  const addCount = (entries: number) => {
    count += entries
    if (count > mostEntries) throw beyond(title, `its layers have ${count} entries and more`, mostEntries)
  }
  return {
    limit: (store) => ({
      open(size) {
        add(size)
        return store.open(size)
      },
    }),
    addEntries: ({ entries }) => addCount(entries.length),
    addAll({ entries, bytes: size }) {
      addCount(entries)
      add(size)
    },
  }
}

function beyond(subject: string, problem: string, limit: number): PipelineError {
  return new PipelineError('limit', `${subject}: ${problem}, the limit is ${limit}; raise it if this is meant`)
}

/** An error of a limit with the options that set it; every other error as it is. */
export function nameLimits(error: unknown): unknown {
  const isLimit = (error instanceof RootfsError || error instanceof PipelineError) && error.code === 'limit'
  if (!isLimit) return error
  return new PipelineError('limit', `${error.message} (--max-size, --max-ratio, --max-entries)`, { cause: error })
}
