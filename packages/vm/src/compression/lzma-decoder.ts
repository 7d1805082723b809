import type { InputBytes } from './input-bytes.ts'
import { damaged, type OutputBytes } from './output-bytes.ts'

/** `lc`, `lp` and `pb` of the format: how many bits of what came before choose the probabilities. */
export type LzmaProperties = {
  readonly literalContext: number
  readonly literalPosition: number
  readonly position: number
}

/** @throws VmError 'compressed-data' */
export function lzmaProperties(byte: number): LzmaProperties {
  if (byte >= 9 * 5 * 5) throw damaged('lzma', `its properties are ${byte}, which is over 224`)
  const rest = Math.floor(byte / 9)
  return { literalContext: byte % 9, literalPosition: rest % 5, position: Math.floor(rest / 5) }
}

/** Probabilities of a length: short, medium and long ones. */
type LengthModel = {
  readonly choice: Uint16Array
  readonly low: Uint16Array
  readonly middle: Uint16Array
  readonly high: Uint16Array
}

const even = 1024
const probabilities = (count: number) => new Uint16Array(count).fill(even)
const lengthModel = (): LengthModel => ({
  choice: probabilities(2),
  low: probabilities(16 << 3),
  middle: probabilities(16 << 3),
  high: probabilities(256),
})

/** All that is learned while decoding. */
function createModel({ literalContext, literalPosition }: LzmaProperties) {
  return {
    isMatch: probabilities(12 << 4),
    isRepeat: probabilities(12),
    isRepeat0: probabilities(12),
    isRepeat1: probabilities(12),
    isRepeat2: probabilities(12),
    isRepeat0Long: probabilities(12 << 4),
    slots: probabilities(4 << 6),
    spread: probabilities(115),
    align: probabilities(16),
    lengths: lengthModel(),
    repeatLengths: lengthModel(),
    literals: probabilities(0x300 << (literalContext + literalPosition)),
  }
}

/**
 * The decoder both `.lzma` and LZMA2 are made of. It goes on where it stopped: LZMA2 feeds it chunk by chunk.
 *
 * @see LZMA specification (7-zip.org/sdk.html)
 */
export class LzmaDecoder {
  readonly #output: OutputBytes
  #input: InputBytes
  #properties: LzmaProperties
  #model: ReturnType<typeof createModel>
  #range = 0
  #code = 0
  #state = 0
  #distances: [number, number, number, number] = [0, 0, 0, 0]
  /** Where the dictionary begins in the output: nothing before it may be referred to. */
  #begin = 0

  constructor(output: OutputBytes, input: InputBytes, properties: LzmaProperties) {
    this.#output = output
    this.#input = input
    this.#properties = properties
    this.#model = createModel(properties)
  }

  /** Forgets what was learned. */
  resetState(properties = this.#properties): void {
    this.#properties = properties
    this.#model = createModel(properties)
    this.#state = 0
    this.#distances = [0, 0, 0, 0]
  }

  resetDictionary(): void {
    this.#begin = this.#output.length
  }

  /**
   * Decodes until the output has `end` bytes.
   *
   * @param markAllowed whether an end mark may come before; it then decides
   */
  decode(input: InputBytes, end: number, markAllowed: boolean): void {
    this.#input = input
    this.#startRange()
    const { isMatch } = this.#model
    const positionMask = (1 << this.#properties.position) - 1
    while (this.#output.length < end) {
      const positionState = (this.#output.length - this.#begin) & positionMask
      if (this.#bit(isMatch, (this.#state << 4) + positionState) === 0) {
        this.#literal()
        continue
      }
      const length = this.#match(positionState)
      if (length === undefined) {
        if (markAllowed) return
        throw damaged('lzma', 'it ends before its size')
      }
      const distance = this.#distances[0] + 1
      if (distance > this.#output.length - this.#begin || length > end - this.#output.length)
        throw damaged('lzma', 'a match does not fit')
      this.#output.repeat(distance, length)
    }
  }

  #startRange(): void {
    if (this.#input.byte() !== 0) throw damaged('lzma', 'its first byte is not zero')
    this.#range = 0xffffffff
    this.#code = this.#input.uint32(false)
  }

  #bit(model: Uint16Array, index: number): number {
    const probability = model[index] ?? even
    const bound = (this.#range >>> 11) * probability
    let bit = 0
    if (this.#code < bound) {
      this.#range = bound
      model[index] = probability + ((2048 - probability) >>> 5)
    } else {
      this.#range -= bound
      this.#code -= bound
      model[index] = probability - (probability >>> 5)
      bit = 1
    }
    this.#normalize()
    return bit
  }

  #normalize(): void {
    if (this.#range >= 0x1000000) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | this.#input.byte()) >>> 0
  }

  #directBits(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--) {
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit) this.#code -= this.#range
      value = value * 2 + bit
      this.#normalize()
    }
    return value
  }

  #tree(model: Uint16Array, offset: number, bits: number): number {
    let node = 1
    for (let left = bits; left > 0; left--) node = (node << 1) | this.#bit(model, offset + node)
    return node - (1 << bits)
  }

  #reverseTree(model: Uint16Array, offset: number, bits: number): number {
    let node = 1
    let value = 0
    for (let index = 0; index < bits; index++) {
      const bit = this.#bit(model, offset + node)
      node = (node << 1) | bit
      value |= bit << index
    }
    return value
  }

  #literal(): void {
    const bytes = this.#output.bytes
    const at = this.#output.length
    const { literalContext, literalPosition } = this.#properties
    const previous = at > this.#begin ? (bytes[at - 1] ?? 0) : 0
    const position = (at - this.#begin) & ((1 << literalPosition) - 1)
    const offset = 0x300 * ((position << literalContext) + (previous >>> (8 - literalContext)))
    const { literals } = this.#model
    let symbol = 1
    if (this.#state >= 7) {
      const distance = this.#distances[0] + 1
      if (distance > at - this.#begin) throw damaged('lzma', 'it refers to bytes before its begin')
      let matched = bytes[at - distance] ?? 0
      while (symbol < 0x100) {
        const expected = (matched >> 7) & 1
        matched <<= 1
        const bit = this.#bit(literals, offset + ((1 + expected) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (expected !== bit) break
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(literals, offset + symbol)
    this.#output.push(symbol & 0xff)
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6
  }

  /** Sets the distances and gives the length; undefined for the end mark. */
  #match(positionState: number): number | undefined {
    const { isRepeat, lengths, repeatLengths } = this.#model
    if (this.#bit(isRepeat, this.#state) === 1) {
      if (this.#repeat(positionState)) return 1
      this.#state = this.#state < 7 ? 8 : 11
      return this.#length(repeatLengths, positionState)
    }
    const [first, second, third] = this.#distances
    const length = this.#length(lengths, positionState)
    this.#state = this.#state < 7 ? 7 : 10
    const distance = this.#distance(length)
    this.#distances = [distance, first, second, third]
    return distance === 0xffffffff ? undefined : length
  }

  /** A match at one of the four last distances; true for a single byte at the last one. */
  #repeat(positionState: number): boolean {
    const { isRepeat0, isRepeat1, isRepeat2, isRepeat0Long } = this.#model
    const [first, second, third, fourth] = this.#distances
    if (this.#bit(isRepeat0, this.#state) === 0) {
      if (this.#bit(isRepeat0Long, (this.#state << 4) + positionState) === 1) return false
      this.#state = this.#state < 7 ? 9 : 11
      return true
    }
    if (this.#bit(isRepeat1, this.#state) === 0) this.#distances = [second, first, third, fourth]
    else if (this.#bit(isRepeat2, this.#state) === 0) this.#distances = [third, first, second, fourth]
    else this.#distances = [fourth, first, second, third]
    return false
  }

  #length({ choice, low, middle, high }: LengthModel, positionState: number): number {
    if (this.#bit(choice, 0) === 0) return 2 + this.#tree(low, positionState << 3, 3)
    if (this.#bit(choice, 1) === 0) return 10 + this.#tree(middle, positionState << 3, 3)
    return 18 + this.#tree(high, 0, 8)
  }

  #distance(length: number): number {
    const { slots, spread, align } = this.#model
    const slot = this.#tree(slots, Math.min(length - 2, 3) << 6, 6)
    if (slot < 4) return slot
    const direct = (slot >> 1) - 1
    const base = ((2 | (slot & 1)) << direct) >>> 0
    if (slot < 14) return base + this.#reverseTree(spread, base - slot, direct)
    return base + this.#directBits(direct - 4) * 16 + this.#reverseTree(align, 0, 4)
  }
}
