import { InputBytes } from './input-bytes.ts'
import { damaged, OutputBytes } from './output-bytes.ts'

const magic = '894c5a4f000d0a1a0a'

/** Flags of the header of lzop that say what stands before a block or in the header. */
const flag = { adlerPlain: 0x1, adlerPacked: 0x2, crcPlain: 0x100, crcPacked: 0x200, filter: 0x800 } as const

/** Most bytes of a block of lzop. */
const maximalBlock = 64 << 20

/**
 * Unpacks a file of lzop with LZO1X blocks. Its checksums are skipped, as the kernel's reader does.
 *
 * @throws VmError 'compressed-data'
 */
export function unpackLzo(bytes: Uint8Array, limit: number): { readonly bytes: Uint8Array; readonly consumed: number } {
  const input = new InputBytes('lzo', bytes)
  const output = new OutputBytes('lzo', limit)
  if (Buffer.from(input.take(9)).toString('hex') !== magic) throw damaged('lzo', 'it does not begin as a file of lzop')
  const flags = readHeader(input)
  for (;;) {
    const plainLength = input.uint32(false)
    if (plainLength === 0) return { bytes: output.bytes, consumed: input.at }
    const packedLength = input.uint32(false)
    if (plainLength > maximalBlock || packedLength > plainLength) throw damaged('lzo', 'the sizes of a block are wrong')
    const packed = packedLength < plainLength
    for (const mask of [flag.adlerPlain, flag.crcPlain]) if (flags & mask) input.take(4)
    for (const mask of [flag.adlerPacked, flag.crcPacked]) if (packed && flags & mask) input.take(4)
    const block = input.take(packedLength)
    const begin = output.length
    if (packed) unpackBlock(new InputBytes('lzo', block), output)
    else output.append(block)
    if (output.length - begin !== plainLength) throw damaged('lzo', 'a block has another size than it says')
  }
}

function readHeader(input: InputBytes): number {
  const version = input.uint16(false)
  const isNew = version >= 0x0940
  input.take(isNew ? 4 : 2)
  const method = input.byte()
  if (method < 1 || method > 3) throw damaged('lzo', `its method is ${method}, which is not LZO1X`)
  if (isNew) input.byte()
  const flags = input.uint32(false)
  if (flags & flag.filter) throw damaged('lzo', 'it needs a filter')
  input.take(isNew ? 12 : 8)
  input.take(input.byte())
  input.take(4)
  return flags
}

/**
 * One block of LZO1X. What an instruction below 16 means depends on the literals that came before it.
 *
 * @see https://docs.kernel.org/staging/lzo.html
 */
function unpackBlock(input: InputBytes, output: OutputBytes): void {
  const begin = output.length
  let state = 0
  let instruction = input.byte()
  if (instruction > 17) {
    output.append(input.take(instruction - 17))
    state = Math.min(instruction - 17, 4)
    instruction = input.byte()
  }
  for (;;) {
    if (instruction < 16 && state === 0) {
      output.append(input.take(longLength(input, instruction, 15) + 3))
      state = 4
    } else {
      const match = readMatch(input, instruction, state)
      if (match === undefined) return
      if (match.distance > output.length - begin) throw damaged('lzo', 'it refers to bytes before its block')
      output.repeat(match.distance, match.length)
      state = match.literals
      output.append(input.take(state))
    }
    instruction = input.byte()
  }
}

type Match = { readonly distance: number; readonly length: number; readonly literals: number }

/** The match an instruction stands for; undefined at the end of the block. */
function readMatch(input: InputBytes, instruction: number, state: number): Match | undefined {
  if (instruction >= 64) {
    const length = instruction >= 128 ? 5 + ((instruction >> 5) & 3) : 3 + ((instruction >> 5) & 1)
    return { length, distance: (input.byte() << 3) + ((instruction >> 2) & 7) + 1, literals: instruction & 3 }
  }
  if (instruction >= 32) {
    const length = longLength(input, instruction & 31, 31) + 2
    const word = input.uint16(true)
    return { length, distance: (word >> 2) + 1, literals: word & 3 }
  }
  if (instruction >= 16) {
    const length = longLength(input, instruction & 7, 7) + 2
    const word = input.uint16(true)
    const distance = 16384 + ((instruction & 8) << 11) + (word >> 2)
    return distance === 16384 ? undefined : { length, distance, literals: word & 3 }
  }
  const near = (input.byte() << 2) + ((instruction >> 2) & 3)
  const literals = instruction & 3
  return state === 4 ? { length: 3, distance: near + 2049, literals } : { length: 2, distance: near + 1, literals }
}

/** A length whose bits are zero goes on in further bytes, as long as those are zero. */
function longLength(input: InputBytes, bits: number, most: number): number {
  if (bits !== 0) return bits
  let length = most
  for (;;) {
    const more = input.byte()
    length += more === 0 ? 255 : more
    if (more !== 0) return length
  }
}
