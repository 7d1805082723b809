/**
 * The header block of a directory owned by root, as a tar in ustar format begins one.
 *
 * @param name path with a slash at its end, at most 100 bytes
 * @param modified seconds since the epoch
 */
export function directoryHeader(name: string, modified: number): Uint8Array {
  const block = Buffer.alloc(512)
  const octal = (value: number, offset: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, '0'), offset, 'latin1')
  block.write(name, 0, 100, 'latin1')
  octal(0o755, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(0, 124, 11)
  octal(modified, 136, 11)
  block.write('        ', 148, 'latin1')
  block.write('5', 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  )
  block[154] = 0
  return block
}
