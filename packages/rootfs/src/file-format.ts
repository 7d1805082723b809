/** Formats that are met where a tar archive is expected, by what their first bytes are in latin1. */
const SIGNATURES: readonly (readonly [format: string, start: string])[] = [
  ['gzip', '\x1f\x8b\x08'],
  ['zstd', '\x28\xb5\x2f\xfd'],
  ['xz', '\xfd7zXZ\0'],
  ['lz4', '\x04\x22\x4d\x18'],
  ['zip', 'PK\x03\x04'],
  ['ELF', '\x7fELF'],
  ['squashfs', 'hsqs'],
  ['SQLite', 'SQLite format 3\0'],
  ['JSON', '{'],
  ['JSON', '['],
  ['HTML or XML', '<'],
]

/** The format of a file by its first bytes (16 are enough); `undefined` when it is none of those known here. */
export function detectFormat(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 16)
  if (/^[P-_]\*M/.test(start) && start[3] === '\x18') return 'zstd' // a frame to skip
  if (/^BZh[1-9]1AY&SY/.test(start)) return 'bzip2'
  return SIGNATURES.find(([, signature]) => start.startsWith(signature))?.[0]
}
