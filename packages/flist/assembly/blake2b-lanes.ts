/**
 * BLAKE2b-128 of many chunks, two side by side: 64-bit words fill half a vector. Chunks have any lengths: a lane takes the
 * next one when its own ends, and the last one goes on alone.
 */
import { begin, finish, resume } from './blake2b'
import { compressPair } from './blake2b-rounds'
import { Chunk, HASH_LANE_BLOCKS, HASH_LANE_STATES, HASH_LANES, HASH_STATE } from './layout'

const BLOCK: i32 = 128

@unmanaged
class Lane {
  chunk: usize
  /** What is yet to be hashed. */
  data: usize
  rest: i32
  /** Bytes hashed with the present block, which begins at `block`; `last` has all bits set for the last one of a chunk. */
  counter: u64
  last: u64
  block: usize
}

let nextChunk: usize = 0
let lastChunk: usize = 0

@inline
function laneAt(i: usize): Lane {
  return changetype<Lane>(HASH_LANES + i * 48)
}

/** Sets the field at `field` of the chunks from `first` up to `last` to the hash of their data. */
export function hashAll(first: usize, last: usize, field: usize): void {
  nextChunk = first
  lastChunk = last
  if (!takeChunk(0)) return
  if (!takeChunk(1)) return finishAlone(0, field)
  const a = laneAt(0)
  const b = laneAt(1)
  while (true) {
    setBlock(0)
    setBlock(1)
    compressPair(HASH_LANE_STATES, a.block, b.block, a.counter, b.counter, a.last, b.last)
    if (a.last != 0) {
      storeHash(0, field)
      if (!takeChunk(0)) {
        if (b.last == 0) finishAlone(1, field)
        else storeHash(1, field)
        return
      }
    }
    if (b.last != 0) {
      storeHash(1, field)
      if (!takeChunk(1)) return finishAlone(0, field)
    }
  }
}

/** Begins the hash of the next chunk in lane `i`, if there is one. */
function takeChunk(i: usize): bool {
  if (nextChunk == lastChunk) return false
  const chunk = changetype<Chunk>(nextChunk)
  const lane = laneAt(i)
  lane.chunk = nextChunk
  lane.data = chunk.data
  lane.rest = chunk.dataLength
  lane.counter = 0
  nextChunk += offsetof<Chunk>()
  begin(16)
  for (let word: usize = 0; word < 8; word++) {
    store<u64>(HASH_LANE_STATES + 16 * word + 8 * i, load<u64>(HASH_STATE + 8 * word))
  }
  return true
}

/** Takes the next block of lane `i`; the last one, which may be short or empty, is copied and filled up with zeros. */
@inline
function setBlock(i: usize): void {
  const lane = laneAt(i)
  const rest = lane.rest
  if (rest > BLOCK) {
    lane.block = lane.data
    lane.data += BLOCK
    lane.rest = rest - BLOCK
    lane.counter += BLOCK
    lane.last = 0
  } else {
    const block = HASH_LANE_BLOCKS + BLOCK * i
    memory.fill(block, 0, BLOCK)
    memory.copy(block, lane.data, rest)
    lane.block = block
    lane.counter += rest
    lane.last = ~0
  }
}

/** The hash of lane `i`, whose chunk has ended. */
function storeHash(i: usize, field: usize): void {
  const out = laneAt(i).chunk + field
  store<u64>(out, load<u64>(HASH_LANE_STATES + 8 * i))
  store<u64>(out, load<u64>(HASH_LANE_STATES + 8 * i, 16), 8)
}

/** Hashes the rest of the chunk of lane `i` when the other lane has nothing to do. */
function finishAlone(i: usize, field: usize): void {
  const lane = laneAt(i)
  for (let word: usize = 0; word < 8; word++) {
    store<u64>(HASH_STATE + 8 * word, load<u64>(HASH_LANE_STATES + 16 * word + 8 * i))
  }
  resume(lane.counter)
  finish(lane.data, lane.rest)
  const out = lane.chunk + field
  store<u64>(out, load<u64>(HASH_STATE))
  store<u64>(out, load<u64>(HASH_STATE, 8), 8)
}
