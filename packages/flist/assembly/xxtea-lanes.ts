/**
 * XXTEA encryption of many chunks side by side. Within a chunk every word waits for the one before it, so eight chunks
 * of any lengths run in the eight lanes of two vectors.
 *
 * A lane walks the words of its chunk once per round. All lanes take the same number of steps, a multiple of four, until
 * the first of them is near the end of its round; that one finishes the round alone, starts its next round or takes the
 * next chunk, and all go on. The first step of a round is taken alone as well, and its word copied behind the last one,
 * where the last step finds it as its successor: so all steps of the vectors are alike, and start at position 1 mod 4.
 */
import { Chunk, LANE_KEYS, LANE_PARK, LANE_PARK_SIZE, LANE_SUMS, LANES } from './layout'
import { DELTA, keyWord, mix, roundsOf } from './xxtea'

const WIDTH: i32 = 8
/** Bytes of the four words that are encrypted at a time in each lane. */
const STRIDE: usize = 16

@unmanaged
class Lane {
  /** Where its chunk begins, and where its last word ends. */
  base: usize
  end: usize
  /** The word of its next step. */
  word: usize
  key: usize
  sum: u32
  /** Rounds it has yet to finish. */
  rounds: u32
}

let nextChunk: usize = 0
let lastChunk: usize = 0
/** Lanes that work on a chunk. */
let busy: i32 = 0

@inline
function laneAt(i: i32): Lane {
  return changetype<Lane>(LANES + ((i as usize) << 5))
}

/** Encrypts the data of the chunks from `first` up to `last` in place; each has a free word behind its data. */
export function encryptAll(first: usize, last: usize): void {
  nextChunk = first
  lastChunk = last
  busy = WIDTH
  for (let i = 0; i < WIDTH; i++) {
    takeChunk(laneAt(i))
    prepare(i)
  }
  while (busy > 0) {
    let run = usize.MAX_VALUE
    for (let i = 0; i < WIDTH; i++) run = min(run, laneAt(i).end - laneAt(i).word)
    run &= ~(STRIDE - 1)
    takeSteps(run)
    for (let i = 0; i < WIDTH; i++) {
      const lane = laneAt(i)
      lane.word += run
      if (lane.end - lane.word < STRIDE) prepare(i)
    }
  }
}

/** Gives the lane the next chunk; when there is none, one without an end that nobody wants. */
function takeChunk(lane: Lane): void {
  if (nextChunk < lastChunk) {
    const chunk = changetype<Chunk>(nextChunk)
    nextChunk += offsetof<Chunk>()
    lane.base = chunk.data
    lane.end = chunk.data + chunk.dataLength
    lane.key = changetype<usize>(chunk) + offsetof<Chunk>('key0')
    lane.rounds = roundsOf(chunk.dataLength >> 2)
  } else {
    busy--
    lane.base = LANE_PARK
    lane.end = LANE_PARK + LANE_PARK_SIZE
    lane.key = LANE_PARK
    lane.rounds = u32.MAX_VALUE
  }
  lane.sum = 0
  startRound(lane)
}

function startRound(lane: Lane): void {
  lane.sum += DELTA
  const base = lane.base
  const y = load<u32>(base + 4)
  const z = load<u32>(lane.end - 4)
  const word = load<u32>(base) + mix(y, z, lane.sum, keyWord(lane.key, 0, lane.sum))
  store<u32>(base, word)
  store<u32>(lane.end, word)
  lane.word = base + 4
}

/** Takes the steps up to the end of the round one by one. */
function finishRound(lane: Lane): void {
  for (let word = lane.word; word < lane.end; word += 4) {
    const key = keyWord(lane.key, ((word - lane.base) >> 2) as u32, lane.sum)
    store<u32>(word, load<u32>(word) + mix(load<u32>(word + 4), load<u32>(word - 4), lane.sum, key))
  }
}

/** Brings the lane to where it can take four steps, in whatever round of whatever chunk, and sets up its keys. */
function prepare(i: i32): void {
  const lane = laneAt(i)
  while (lane.end - lane.word < STRIDE) {
    finishRound(lane)
    if (--lane.rounds == 0) takeChunk(lane)
    else startRound(lane)
  }
  const column = (i as usize) << 2
  store<u32>(LANE_SUMS + column, lane.sum)
  for (let step: u32 = 0; step < 4; step++) {
    store<u32>(LANE_KEYS + ((step as usize) << 5) + column, keyWord(lane.key, step + 1, lane.sum))
  }
}

@inline
function mixLanes(y: v128, z: v128, sum: v128, key: v128): v128 {
  return v128.xor(
    i32x4.add(v128.xor(i32x4.shr_u(z, 5), i32x4.shl(y, 2)), v128.xor(i32x4.shr_u(y, 3), i32x4.shl(z, 4))),
    i32x4.add(v128.xor(sum, y), v128.xor(key, z)),
  )
}

/** The words at four addresses. */
@inline
function gather(a: usize, b: usize, c: usize, d: usize): v128 {
  let words = v128.load32_zero(a)
  words = v128.load_lane<u32>(b, words, 1)
  words = v128.load_lane<u32>(c, words, 2)
  return v128.load_lane<u32>(d, words, 3)
}

/** Low halves, interleaved: a0 b0 a1 b1. */
@inline
function low32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 4, 1, 5)
}

/** High halves, interleaved: a2 b2 a3 b3. */
@inline
function high32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 2, 6, 3, 7)
}

@inline
function low64(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 0, 2)
}

@inline
function high64(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 1, 3)
}

/**
 * Encrypts `run` bytes in every lane. Each turn loads the four successors of each lane and transposes them: vector `yN`
 * holds the successor of step N for lanes 0 to 3, `YN` for lanes 4 to 7. A successor is the next step's own word.
 */
function takeSteps(run: usize): void {
  const l0 = laneAt(0).word
  const l1 = laneAt(1).word
  const l2 = laneAt(2).word
  const l3 = laneAt(3).word
  const l4 = laneAt(4).word
  const l5 = laneAt(5).word
  const l6 = laneAt(6).word
  const l7 = laneAt(7).word
  const sum = v128.load(LANE_SUMS)
  const SUM = v128.load(LANE_SUMS, 16)
  let z = gather(l0 - 4, l1 - 4, l2 - 4, l3 - 4)
  let Z = gather(l4 - 4, l5 - 4, l6 - 4, l7 - 4)
  let v = gather(l0, l1, l2, l3)
  let V = gather(l4, l5, l6, l7)

  for (let i: usize = 0; i < run; i += STRIDE) {
    let a = v128.load(l0 + i, 4)
    let b = v128.load(l1 + i, 4)
    let c = v128.load(l2 + i, 4)
    let d = v128.load(l3 + i, 4)
    let ab = low32(a, b)
    let cd = low32(c, d)
    const y0 = low64(ab, cd)
    const y1 = high64(ab, cd)
    ab = high32(a, b)
    cd = high32(c, d)
    const y2 = low64(ab, cd)
    const y3 = high64(ab, cd)

    a = v128.load(l4 + i, 4)
    b = v128.load(l5 + i, 4)
    c = v128.load(l6 + i, 4)
    d = v128.load(l7 + i, 4)
    ab = low32(a, b)
    cd = low32(c, d)
    const Y0 = low64(ab, cd)
    const Y1 = high64(ab, cd)
    ab = high32(a, b)
    cd = high32(c, d)
    const Y2 = low64(ab, cd)
    const Y3 = high64(ab, cd)

    const z0 = i32x4.add(v, mixLanes(y0, z, sum, v128.load(LANE_KEYS)))
    const Z0 = i32x4.add(V, mixLanes(Y0, Z, SUM, v128.load(LANE_KEYS, 16)))
    const z1 = i32x4.add(y0, mixLanes(y1, z0, sum, v128.load(LANE_KEYS, 32)))
    const Z1 = i32x4.add(Y0, mixLanes(Y1, Z0, SUM, v128.load(LANE_KEYS, 48)))
    const z2 = i32x4.add(y1, mixLanes(y2, z1, sum, v128.load(LANE_KEYS, 64)))
    const Z2 = i32x4.add(Y1, mixLanes(Y2, Z1, SUM, v128.load(LANE_KEYS, 80)))
    z = i32x4.add(y2, mixLanes(y3, z2, sum, v128.load(LANE_KEYS, 96)))
    Z = i32x4.add(Y2, mixLanes(Y3, Z2, SUM, v128.load(LANE_KEYS, 112)))
    v = y3
    V = Y3

    ab = low32(z0, z1)
    cd = low32(z2, z)
    v128.store(l0 + i, low64(ab, cd))
    v128.store(l1 + i, high64(ab, cd))
    ab = high32(z0, z1)
    cd = high32(z2, z)
    v128.store(l2 + i, low64(ab, cd))
    v128.store(l3 + i, high64(ab, cd))

    ab = low32(Z0, Z1)
    cd = low32(Z2, Z)
    v128.store(l4 + i, low64(ab, cd))
    v128.store(l5 + i, high64(ab, cd))
    ab = high32(Z0, Z1)
    cd = high32(Z2, Z)
    v128.store(l6 + i, low64(ab, cd))
    v128.store(l7 + i, high64(ab, cd))
  }
}
