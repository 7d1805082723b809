/**
 * The text of an attached stream without a terminal: frames of a header (the stream, three zeros, the length in four bytes)
 * and that many bytes (Engine API, "ContainerAttach"). Standard output and error are one text, as they came.
 *
 * @param kept how many bytes are kept, of the end
 */
export async function readFrames(
  stream: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>,
  kept: number,
): Promise<string> {
  let pending = Buffer.alloc(0)
  let text = Buffer.alloc(0)
  /** Bytes of the frame that are still to come. */
  let open = 0
  for await (const chunk of stream) {
    pending = Buffer.concat([pending, typeof chunk === 'string' ? Buffer.from(chunk) : chunk])
    while (pending.length > 0) {
      if (open === 0) {
        if (pending.length < 8) break
        open = pending.readUInt32BE(4)
        pending = pending.subarray(8)
        continue
      }
      const part = pending.subarray(0, open)
      open -= part.length
      pending = pending.subarray(part.length)
      text = Buffer.concat([text, part])
      if (text.length > kept) text = text.subarray(-kept)
    }
  }
  return text.toString()
}
