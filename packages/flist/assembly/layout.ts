/**
 * The module's memory: fixed regions, nothing is ever allocated. The caller (src/codec/chunk-codec.ts) reads the
 * addresses from the exported functions of index.ts, so they are written down only here.
 * Loads and stores may overshoot what they handle by up to SLACK bytes; every region that can happen in ends with that.
 */

/** Bytes of plain text of one batch. */
export const BATCH_SIZE: i32 = 4 << 20

/** Chunks of one batch. */
export const BATCH_CHUNKS: i32 = 4096

export const SLACK: usize = 64

/** Below this lie the constants of the compiler. */
const START: usize = 1024

/** Snappy's table of positions: 2^14 of 16 bits. */
export const HASH_TABLE: usize = START

/** BLAKE2b: the eight words of the state, then room for one block. */
export const HASH_STATE: usize = HASH_TABLE + 32768
export const HASH_BLOCK: usize = HASH_STATE + 64

/** BLAKE2b's lanes (blake2b-lanes.ts): two of them, their states and blocks, their message words side by side, and two shuffles. */
export const HASH_LANES: usize = HASH_BLOCK + 128
export const HASH_LANE_STATES: usize = HASH_LANES + 96
export const HASH_LANE_BLOCKS: usize = HASH_LANE_STATES + 128
export const HASH_LANE_WORDS: usize = HASH_LANE_BLOCKS + 256
export const HASH_ROTATIONS: usize = HASH_LANE_WORDS + 256

/** XXTEA's lanes; see xxtea-lanes.ts. */
export const LANES: usize = HASH_ROTATIONS + 32
export const LANE_KEYS: usize = LANES + 256
export const LANE_SUMS: usize = LANE_KEYS + 128
export const LANE_PARK: usize = LANE_SUMS + 32
export const LANE_PARK_SIZE: usize = 16384

/** The batch: one Chunk record per chunk. */
export const CHUNKS: usize = LANE_PARK + LANE_PARK_SIZE + SLACK

/**
 * What is worked on: the plain bytes of a batch; or of one chunk the plain bytes, or the encoded bytes to be decoded, of
 * which there may be a sixth more; or a part of what is hashed on its own, of at most INPUT_SIZE bytes, a multiple of 128.
 */
export const INPUT: usize = CHUNKS + (BATCH_CHUNKS as usize) * 40
export const INPUT_SIZE: i32 = 640 << 10

/** The encoded chunks of the batch, each in a slot that starts at a multiple of 4; or the plain bytes of one. */
export const OUTPUT: usize = INPUT + (BATCH_SIZE as usize) + SLACK

/**
 * Snappy's bound (n + n/6 + 32 per chunk) plus padding, length word and copied word of XXTEA; or, of a .fl, where the caller puts
 * them, the tag of AES and as large a gap.
 */
const OUTPUT_SIZE: usize = (BATCH_SIZE as usize) + (BATCH_SIZE as usize) / 6 + (BATCH_CHUNKS as usize) * 52

export const MEMORY_SIZE: usize = OUTPUT + OUTPUT_SIZE + SLACK

/** What the caller sets and gets per chunk. */
@unmanaged
export class Chunk {
  /** Its plain bytes; from `encode` on the encoded ones. */
  data: usize
  dataLength: i32
  /** 16 bytes. */
  key0: u64
  key1: u64
  /** 16 bytes. */
  id0: u64
  id1: u64
}
