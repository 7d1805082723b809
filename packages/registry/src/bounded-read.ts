/**
 * Reads a stream into memory up to `limit` bytes.
 *
 * @param tooLarge the error to throw when there is more; without it the rest is dropped
 */
export async function readBounded(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  tooLarge?: () => Error,
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of source) {
    const room = limit - length
    if (part.length > room) {
      if (tooLarge !== undefined) throw tooLarge()
      parts.push(part.subarray(0, room))
      break
    }
    parts.push(part)
    length += part.length
  }
  return Buffer.concat(parts)
}
