import { createFlChunkCodec } from '../fl/fl-chunk.ts'
import { type ChunkCodec, createChunkCodec } from './chunk-codec.ts'
import type { CompiledCodec } from './codec-module.ts'

/** The codecs by the formats of flists they are for: what a thread is told. */
export type CodecKind = 'flist' | 'fl'

export function createCodecOf(kind: CodecKind, compiled: CompiledCodec): ChunkCodec {
  return kind === 'fl' ? createFlChunkCodec(compiled) : createChunkCodec(compiled)
}
