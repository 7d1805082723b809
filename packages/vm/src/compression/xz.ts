import { crc32 } from 'node:zlib'
import { InputBytes } from './input-bytes.ts'
import { LzmaDecoder, lzmaProperties } from './lzma-decoder.ts'
import { damaged, OutputBytes } from './output-bytes.ts'
import { restoreX86Branches } from './x86-branches.ts'

const magic = 'fd377a585a00'
const filters = { x86: 0x04, lzma2: 0x21 } as const
/** Bytes of the check after a block, by its kind: none, CRC32, CRC64, SHA-256. Only CRC32 is compared, as Linux does. */
const checkSizes: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 }

/**
 * Unpacks the `.xz` format with LZMA2, and with the x86 filter before it that kernels are compressed with; all streams that follow
 * each other.
 *
 * @throws VmError 'compressed-data'
 * @see https://tukaani.org/xz/xz-file-format.txt
 */
export function unpackXz(bytes: Uint8Array, limit: number): { readonly bytes: Uint8Array; readonly consumed: number } {
  const input = new InputBytes('xz', bytes)
  const output = new OutputBytes('xz', limit)
  let consumed = 0
  do {
    unpackStream(bytes, input, output)
    consumed = input.at
    while (input.left >= 4 && bytes[input.at] === 0 && (input.at - consumed) % 4 === 0) input.take(4)
  } while (input.left > 12 && Buffer.from(bytes.subarray(input.at, input.at + 6)).toString('hex') === magic)
  return { bytes: output.bytes, consumed }
}

function unpackStream(bytes: Uint8Array, input: InputBytes, output: OutputBytes): void {
  if (Buffer.from(input.take(6)).toString('hex') !== magic) throw damaged('xz', 'it does not begin as a stream')
  const flags = input.take(2)
  if (input.uint32(true) !== crc32(flags)) throw damaged('xz', 'the checksum of its header is wrong')
  const check = flags[1] ?? 0
  const checkSize = checkSizes[check]
  if (checkSize === undefined) throw damaged('xz', `its check is of kind ${check}, which is not known`)
  for (;;) {
    const begin = input.at
    const size = input.byte()
    if (size === 0) break
    const useX86 = readBlockHeader(bytes.subarray(begin, begin + (size + 1) * 4), input)
    const plainBegin = output.length
    unpackLzma2(input, output)
    while ((input.at - begin) % 4 !== 0) input.byte()
    const plain = output.bytes.subarray(plainBegin)
    if (useX86) restoreX86Branches(plain)
    const expected = new InputBytes('xz', input.take(checkSize))
    if (check === 1 && expected.uint32(true) !== crc32(plain)) throw damaged('xz', 'the checksum of a block is wrong')
  }
  skipIndex(input)
}

/** Reads the header of a block, whose first byte is read already; tells whether its bytes went through the x86 filter. */
function readBlockHeader(header: Uint8Array, input: InputBytes): boolean {
  const end = input.at - 1 + header.length
  const flags = input.byte()
  if (flags & 0x3c) throw damaged('xz', 'a block has flags that are not known')
  if (flags & 0x40) readNumber(input)
  if (flags & 0x80) readNumber(input)
  const ids: number[] = []
  for (let left = (flags & 3) + 1; left > 0; left--) {
    ids.push(readNumber(input))
    input.take(readNumber(input))
  }
  if (input.at > end - 4) throw damaged('xz', 'the header of a block is larger than it says')
  input.take(end - 4 - input.at)
  if (input.uint32(true) !== crc32(header.subarray(0, -4)))
    throw damaged('xz', 'the checksum of a block header is wrong')
  const useX86 = ids.length === 2 && ids[0] === filters.x86
  if (ids.at(-1) === filters.lzma2 && (ids.length === 1 || useX86)) return useX86
  throw damaged(
    'xz',
    `it needs filters ${ids.map((id) => `0x${id.toString(16)}`).join(', ')}, of which x86 and LZMA2 are known`,
  )
}

/** A number of 7 bits a byte, the lowest first. */
function readNumber(input: InputBytes): number {
  let value = 0
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = input.byte()
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  throw damaged('xz', 'a number is too large')
}

function unpackLzma2(input: InputBytes, output: OutputBytes): void {
  let decoder: LzmaDecoder | undefined
  for (;;) {
    const control = input.byte()
    if (control === 0) return
    const resetsDictionary = control === 1 || control >= 0xe0
    if (resetsDictionary) decoder?.resetDictionary()
    if (control < 0x80) {
      if (control > 2) throw damaged('xz', 'a chunk is of a kind that is not known')
      decoder ??= createDecoder(output, input)
      output.append(input.take(input.uint16(false) + 1))
      continue
    }
    const plainSize = ((control & 0x1f) << 16) + input.uint16(false) + 1
    const packedSize = input.uint16(false) + 1
    const reset = (control >> 5) & 3
    decoder ??= createDecoder(output, input)
    if (reset >= 2) decoder.resetState(lzmaProperties(input.byte()))
    else if (reset === 1) decoder.resetState()
    decoder.decode(new InputBytes('xz', input.take(packedSize)), output.length + plainSize, false)
  }
}

/** The first chunk of a block sets the properties. */
function createDecoder(output: OutputBytes, input: InputBytes): LzmaDecoder {
  const decoder = new LzmaDecoder(output, input, { literalContext: 3, literalPosition: 0, position: 2 })
  decoder.resetDictionary()
  return decoder
}

/** The index and the footer of a stream; the first byte of the index is read already. */
function skipIndex(input: InputBytes): void {
  const begin = input.at - 1
  for (let records = readNumber(input); records > 0; records--) {
    readNumber(input)
    readNumber(input)
  }
  while ((input.at - begin) % 4 !== 0) input.byte()
  input.take(4 + 12)
}
