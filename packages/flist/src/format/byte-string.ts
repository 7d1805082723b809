/** Up to here copying char by char takes less than a call of the buffer's own method. */
const SHORT = 24

/** Bytes as a byte string: one char each. */
export function byteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Writes a byte string, and gives where it ends. */
export function writeBytes(buffer: Buffer, text: string, at: number): number {
  if (text.length > SHORT) return at + buffer.write(text, at, 'latin1')
  for (let i = 0; i < text.length; i++) buffer[at + i] = text.charCodeAt(i)
  return at + text.length
}
