export {
  type ChunkFileWriter,
  type ChunkStats,
  type ChunkWriter,
  type ChunkWriterOptions,
  createChunkWriter,
} from './chunk-writer.ts'
export { blake2b } from './codec/blake2b.ts'
export { CHUNK_SIZE, chunkId, decodeChunk, type EncodedChunk, encodeChunk } from './codec/chunk.ts'
export { type ChunkFormat, FL_CHUNKS, FLIST_CHUNKS } from './codec/chunk-format.ts'
export { FlistError, type FlistErrorCode } from './errors.ts'
export { checkRoutes, type FlRoute } from './fl/fl-route.ts'
export { type FlDetails, type FlSummary, type WriteFlOptions, writeFl } from './fl/write-fl.ts'
export { byteString } from './format/byte-string.ts'
export type { FlistMetadata } from './format/metadata.ts'
export { isSoundPart, type PackedRows } from './format/table-parts.ts'
export { clampTime } from './format/times.ts'
export { createIdSet, type IdSet } from './id-set.ts'
export { encodeKeptTree } from './kept/encode-kept-tree.ts'
export { chunkIdsAtEnd } from './kept/kept-columns.ts'
export { type KeptTree, openKeptTree } from './kept/kept-tree.ts'
export { checkFlist, type FlistReport } from './read/check-flist.ts'
export { type ExtractOptions, extractFlist } from './read/extract-flist.ts'
export type { ExtractReport, SkippedItem } from './read/extract-report.ts'
export type { FlistDirectory, FlistEntry, FlistNode, FlistSpecial } from './read/flist-node.ts'
export { type Flist, openFlist } from './read/open-flist.ts'
export type { FlistProblem, FlistProblemCode } from './read/problem-list.ts'
export { readFile } from './read/read-file.ts'
export { hasAllChunks } from './stores/chunk-search.ts'
export type { ChunkStore, StoredChunk } from './stores/chunk-store.ts'
export { type OpenChunkStoreOptions, openChunkStore } from './stores/open-store.ts'
export type { PackedIds } from './stores/packed-ids.ts'
export { type ChunkReader, openRoutes } from './stores/routed-store.ts'
export type { Patience } from './stores/zdb-lanes.ts'
export {
  type Attributes,
  type ChunkList,
  type DirectoryNode,
  type FileNode,
  type FlistParts,
  joinPath,
  listChunks,
  type Node,
  type SpecialNode,
  type SymlinkNode,
  walkNodes,
  walkParts,
} from './tree.ts'
export { hashTree, type TreeHashOptions } from './tree-hash.ts'
export { createTreeSummariser, type TreeSummariser, type TreeSummary } from './tree-summary.ts'
export { type FlistSummary, type WriteFlistOptions, writeFlist } from './write/write-flist.ts'
