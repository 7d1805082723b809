import { readdir } from 'node:fs/promises'

/** Where a flist's chunks go, and what it says about itself. */
export type FlistDetails = {
  /** The folder that chunks are stored in: `ab/cdef…`. */
  readonly chunks: string
  /** Metadata rows, `backend` among them. */
  readonly metadata: Readonly<Record<string, string | object>>
  readonly signal: AbortSignal
}

/**
 * Makes flists. The twin gets this from outside because it knows the hub and not the format. Each function writes a whole
 * flist to `output`, or rejects.
 */
export type FlistMaker = {
  /** Of a directory, of which no link is followed; its chunks are stored. */
  fromDirectory(directory: string, output: string, details: FlistDetails): Promise<void>
  /** Of an image that a reference names; its chunks are stored. */
  fromImage(reference: string, output: string, details: FlistDetails): Promise<void>
  /** Of several flists, of which the first that has a name wins; the metadata is that of the first. */
  merge(sources: readonly string[], output: string, signal: AbortSignal): Promise<void>
}

/** A maker whose chunks nobody stores: only of an empty directory can it make a flist. For a fault. */
export function withoutRoom(maker: FlistMaker): FlistMaker {
  const full = (): never => {
    throw new Error('no chunk can be stored')
  }
  return {
    ...maker,
    fromDirectory: async (directory, output, details) =>
      (await readdir(directory)).length > 0 ? full() : maker.fromDirectory(directory, output, details),
    fromImage: async () => full(),
  }
}
