import { createIdSet } from '../id-set.ts'

/** Ids of chunks, each of `idBytes` bytes, one behind the other; some may be there several times. */
export type PackedIds = { readonly ids: Uint8Array; readonly idBytes: number }

/** The different ones, as views, in the order they come. */
export function* packedIds({ ids, idBytes }: PackedIds): Generator<Uint8Array, void> {
  const seen = createIdSet(idBytes, ids.length / idBytes)
  for (let at = 0; at < ids.length; at += idBytes) {
    if (seen.add(ids, at)) yield ids.subarray(at, at + idBytes)
  }
}
