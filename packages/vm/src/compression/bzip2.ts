import { damaged, OutputBytes } from './output-bytes.ts'

const blockMagic = 0x314159265359
const endMagic = 0x177245385090

/** Reads bits from the most significant one. */
class Bits {
  readonly #bytes: Uint8Array
  #at = 0
  #held = 0
  #count = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @param count 1 to 24 */
  read(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw damaged('bzip2', 'it ends in the middle')
      this.#held = ((this.#held << 8) | byte) & 0xffffffff
      this.#count += 8
    }
    this.#count -= count
    return (this.#held >>> this.#count) & ((1 << count) - 1)
  }

  magic(): number {
    return this.read(24) * 2 ** 24 + this.read(24)
  }

  /** Drops the bits up to the next whole byte and tells where it is. */
  align(): number {
    this.#count -= this.#count % 8
    return this.#at - this.#count / 8
  }
}

/**
 * Unpacks bzip2, all streams that follow each other. Its checksums are not compared.
 *
 * @throws VmError 'compressed-data'
 */
export function unpackBzip2(
  bytes: Uint8Array,
  limit: number,
): { readonly bytes: Uint8Array; readonly consumed: number } {
  const output = new OutputBytes('bzip2', limit)
  let consumed = 0
  while (consumed === 0 || isStream(bytes.subarray(consumed))) {
    if (!isStream(bytes.subarray(consumed))) throw damaged('bzip2', 'it does not begin as a stream')
    const bits = new Bits(bytes.subarray(consumed))
    bits.read(24)
    const blockSize = (bits.read(8) - 0x30) * 100_000
    for (;;) {
      const magic = bits.magic()
      if (magic === endMagic) break
      if (magic !== blockMagic) throw damaged('bzip2', 'there is no block where one must begin')
      unpackBlock(bits, blockSize, output)
    }
    bits.read(16)
    bits.read(16)
    consumed += bits.align()
  }
  return { bytes: output.bytes, consumed }
}

function isStream(bytes: Uint8Array): boolean {
  return /^BZh[1-9]$/.test(Buffer.from(bytes.subarray(0, 4)).toString('latin1'))
}

/** One block: Huffman codes → move-to-front and runs → the inverse of the Burrows–Wheeler transform → runs of four and more. */
function unpackBlock(bits: Bits, blockSize: number, output: OutputBytes): void {
  bits.read(16)
  bits.read(16)
  if (bits.read(1) === 1) throw damaged('bzip2', 'it is of a version that mixed its blocks')
  const origin = bits.read(24)
  const symbols = readSymbols(bits)
  const selectors = readSelectors(bits)
  const tables = readTables(bits, selectors.count, symbols.length + 2)
  const { last, length } = readTransformed(bits, blockSize, symbols, selectors.order, tables)
  if (origin >= length) throw damaged('bzip2', 'a block begins outside of itself')
  writePlain(last.subarray(0, length), origin, output)
}

/** The bytes that occur in the block. */
function readSymbols(bits: Bits): number[] {
  const groups = bits.read(16)
  const symbols: number[] = []
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue
    const used = bits.read(16)
    for (let bit = 0; bit < 16; bit++) if (used & (0x8000 >> bit)) symbols.push(group * 16 + bit)
  }
  if (symbols.length === 0) throw damaged('bzip2', 'a block has no bytes')
  return symbols
}

/** Which table each group of 50 codes uses. */
function readSelectors(bits: Bits): { readonly count: number; readonly order: Uint8Array } {
  const count = bits.read(3)
  const length = bits.read(15)
  if (count < 2 || count > 6 || length === 0) throw damaged('bzip2', 'the tables of a block are wrong')
  const recent = Array.from({ length: count }, (_, index) => index)
  const order = new Uint8Array(length)
  for (let index = 0; index < length; index++) {
    let position = 0
    while (bits.read(1) === 1) if (++position >= count) throw damaged('bzip2', 'a block names a table it has not')
    const [chosen = 0] = recent.splice(position, 1)
    recent.unshift(chosen)
    order[index] = chosen
  }
  return { count, order }
}

/** A Huffman code in the canonical form: for each length the last code, and where its symbols begin. */
type Table = { readonly limits: Int32Array; readonly offsets: Int32Array; readonly sorted: Uint16Array }

function readTables(bits: Bits, count: number, symbols: number): Table[] {
  return Array.from({ length: count }, () => {
    const lengths = new Uint8Array(symbols)
    let length = bits.read(5)
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (;;) {
        if (length < 1 || length > 20) throw damaged('bzip2', 'a code of a block is too long')
        if (bits.read(1) === 0) break
        length += bits.read(1) === 0 ? 1 : -1
      }
      lengths[symbol] = length
    }
    return canonicalTable(lengths)
  })
}

function canonicalTable(lengths: Uint8Array): Table {
  const limits = new Int32Array(22).fill(-1)
  const offsets = new Int32Array(22)
  const sorted = new Uint16Array(lengths.length)
  let code = 0
  let position = 0
  for (let length = 1; length <= 20; length++) {
    offsets[length] = position - code
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue
      sorted[position++] = symbol
      code += 1
    }
    limits[length] = code - 1
    code <<= 1
  }
  return { limits, offsets, sorted }
}

function readCode(bits: Bits, { limits, offsets, sorted }: Table): number {
  let code = 0
  for (let length = 1; length <= 20; length++) {
    code = (code << 1) | bits.read(1)
    const position = code + (offsets[length] ?? 0)
    if (code <= (limits[length] ?? -1) && position >= 0) return sorted[position] ?? 0
  }
  throw damaged('bzip2', 'a block has a code that is none')
}

/** The last column of the sorted block. */
function readTransformed(
  bits: Bits,
  blockSize: number,
  symbols: readonly number[],
  order: Uint8Array,
  tables: readonly Table[],
): { readonly last: Uint8Array; readonly length: number } {
  const last = new Uint8Array(blockSize)
  const recent = [...symbols]
  const end = symbols.length + 1
  let length = 0
  let run = 0
  let weight = 1
  for (let codes = 0; ; codes++) {
    const table = tables[order[Math.floor(codes / 50)] ?? -1]
    if (!table) throw damaged('bzip2', 'a block goes on after its tables')
    const symbol = readCode(bits, table)
    if (symbol <= 1) {
      run += weight << symbol
      weight <<= 1
      if (run > blockSize) throw damaged('bzip2', 'a block is larger than it may be')
      continue
    }
    if (length + run + (symbol === end ? 0 : 1) > blockSize) throw damaged('bzip2', 'a block is larger than it may be')
    last.fill(recent[0] ?? 0, length, length + run)
    length += run
    run = 0
    weight = 1
    if (symbol === end) return { last, length }
    const [byte = 0] = recent.splice(symbol - 1, 1)
    recent.unshift(byte)
    last[length++] = byte
  }
}

function writePlain(last: Uint8Array, origin: number, output: OutputBytes): void {
  const starts = new Uint32Array(257)
  for (const byte of last) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1
  for (let byte = 0; byte < 256; byte++) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0)
  const next = new Uint32Array(last.length)
  for (const [index, byte] of last.entries()) {
    const position = starts[byte] ?? 0
    starts[byte] = position + 1
    next[position] = index
  }
  let at = next[origin] ?? 0
  let repeated = 0
  let previous = -1
  for (let left = last.length; left > 0; left--) {
    const byte = last[at] ?? 0
    at = next[at] ?? 0
    if (repeated === 4) {
      if (byte > 0) output.append(new Uint8Array(byte).fill(previous))
      repeated = 0
      previous = -1
      continue
    }
    repeated = byte === previous ? repeated + 1 : 1
    previous = byte
    output.push(byte)
  }
}
