import { InputBytes } from './input-bytes.ts'
import { damaged, OutputBytes } from './output-bytes.ts'

const legacyMagic = 0x184c2102
/** Plain bytes of a block of the legacy frame, the last one excepted. */
const legacyBlock = 8 << 20
/** More than any compressor makes of a block that cannot be compressed. */
const maximalBlock = legacyBlock + (legacyBlock >> 7) + 64

/**
 * Unpacks the legacy frame of LZ4 (`lz4 -l`), the one the kernel's build and initramfs-tools use: a magic, then blocks with their
 * length, without a checksum or an end mark. What follows the last block is left.
 *
 * @throws VmError 'compressed-data'
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md#legacy-frame
 */
export function unpackLz4(bytes: Uint8Array, limit: number): { readonly bytes: Uint8Array; readonly consumed: number } {
  const input = new InputBytes('lz4', bytes)
  const output = new OutputBytes('lz4', limit)
  if (input.uint32(true) !== legacyMagic) throw damaged('lz4', 'it does not begin as a legacy frame')
  let consumed = input.at
  while (input.left >= 4) {
    const length = input.uint32(true)
    if (length === legacyMagic) continue
    // Zeros that fill up, or what comes after the frame.
    if (length === 0 || length > maximalBlock) break
    unpackBlock(new InputBytes('lz4', input.take(length)), output)
    consumed = input.at
  }
  return { bytes: output.bytes, consumed }
}

/** One block: literals and matches in turn, the last sequence being of literals alone. */
function unpackBlock(input: InputBytes, output: OutputBytes): void {
  const begin = output.length
  for (;;) {
    const token = input.byte()
    output.append(input.take(extendedLength(input, token >> 4)))
    if (input.left === 0) return
    const distance = input.uint16(true)
    if (distance > output.length - begin) throw damaged('lz4', 'it refers to bytes before its block')
    output.repeat(distance, extendedLength(input, token & 15) + 4)
  }
}

function extendedLength(input: InputBytes, start: number): number {
  let length = start
  if (start !== 15) return length
  for (;;) {
    const more = input.byte()
    length += more
    if (more !== 255) return length
  }
}
