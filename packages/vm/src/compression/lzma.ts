import { InputBytes } from './input-bytes.ts'
import { LzmaDecoder, lzmaProperties } from './lzma-decoder.ts'
import { damaged, OutputBytes } from './output-bytes.ts'

/**
 * Unpacks the `.lzma` format ("LZMA alone"): properties, size of the dictionary, size of the plain bytes or none, data.
 *
 * @throws VmError 'compressed-data'
 */
export function unpackLzma(
  bytes: Uint8Array,
  limit: number,
): { readonly bytes: Uint8Array; readonly consumed: number } {
  const input = new InputBytes('lzma', bytes)
  const output = new OutputBytes('lzma', limit)
  const properties = lzmaProperties(input.byte())
  input.uint32(true)
  const low = input.uint32(true)
  const high = input.uint32(true)
  const unknown = low === 0xffffffff && high === 0xffffffff
  const size = high * 2 ** 32 + low
  if (!unknown && size > limit)
    throw damaged('lzma', `it says that it unpacks to ${size} bytes, which is over ${limit}`)
  new LzmaDecoder(output, input, properties).decode(input, unknown ? Number.MAX_SAFE_INTEGER : size, true)
  return { bytes: output.bytes, consumed: input.at }
}
