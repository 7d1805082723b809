import { crc32, inflateRawSync } from 'node:zlib'
import { InputBytes } from './input-bytes.ts'
import { damaged, OutputBytes } from './output-bytes.ts'
import { callZlib } from './zlib-call.ts'

const flag = { headerChecksum: 0x02, extra: 0x04, name: 0x08, comment: 0x10 } as const

/**
 * Unpacks gzip, all members that follow each other. Node's own reader takes whatever follows for another member.
 *
 * @throws VmError 'compressed-data'
 * @see RFC 1952
 */
export function unpackGzip(
  bytes: Uint8Array,
  limit: number,
): { readonly bytes: Uint8Array; readonly consumed: number } {
  const input = new InputBytes('gzip', bytes)
  const output = new OutputBytes('gzip', limit)
  do {
    skipHeader(input)
    const room = Math.max(1, limit - output.length)
    const { buffer, engine } = callZlib('gzip', limit, () =>
      inflateRawSync(bytes.subarray(input.at), { maxOutputLength: room, info: true }),
    )
    input.take(engine.bytesWritten)
    if (input.uint32(true) !== crc32(buffer) || input.uint32(true) !== buffer.length % 2 ** 32)
      throw damaged('gzip', 'its checksum or its size is wrong')
    output.append(buffer)
  } while (input.left > 18 && bytes[input.at] === 0x1f && bytes[input.at + 1] === 0x8b)
  return { bytes: output.bytes, consumed: input.at }
}

function skipHeader(input: InputBytes): void {
  if (input.uint16(false) !== 0x1f8b || input.byte() !== 8) throw damaged('gzip', 'it does not begin as a member')
  const flags = input.byte()
  input.take(6)
  if (flags & flag.extra) input.take(input.uint16(true))
  for (const mask of [flag.name, flag.comment]) if (flags & mask) while (input.byte() !== 0);
  if (flags & flag.headerChecksum) input.take(2)
}
