import { type Compression, detectCompression, unpack } from '../compression/compression.ts'
import { VmError } from '../errors.ts'
import { type CpioEntry, isCpio, readCpio } from './cpio.ts'

/** An initial RAM disk: the files that the kernel finds in it after all its parts are unpacked. */
export type Initrd = {
  /** By name, without a leading slash; of entries with the same name the last one. */
  readonly entries: ReadonlyMap<string, CpioEntry>
  readonly segments: readonly InitrdSegment[]
}

/** One part of an initial RAM disk, which is a chain of archives, compressed or not. */
export type InitrdSegment = {
  readonly offset: number
  /** undefined for a plain archive. */
  readonly compression: Compression | undefined
  readonly entries: number
}

/** More than any initial RAM disk unpacks to. */
const maximalInitrd = 1 << 30

/**
 * Reads an initial RAM disk the way the kernel does: archive after archive, zeros between them, each plain or compressed. Ubuntu keeps
 * the modules in a plain first archive and the rest in a compressed one, so all of them count.
 *
 * @throws VmError 'initrd' naming the offset of what is none of that, 'compressed-data'
 * @see init/initramfs.c
 */
export function readInitrd(bytes: Uint8Array): Initrd {
  const entries = new Map<string, CpioEntry>()
  const segments: InitrdSegment[] = []
  let offset = 0
  for (;;) {
    while (offset < bytes.length && bytes[offset] === 0) offset++
    if (offset === bytes.length) break
    const { found, compression, consumed } = readSegment(bytes.subarray(offset), offset)
    for (const entry of found) entries.set(entry.name, entry)
    segments.push({ offset, compression, entries: found.length })
    offset += consumed
  }
  if (segments.length === 0) throw new VmError('initrd', 'initial RAM disk: it is empty; build it again')
  return { entries, segments }
}

function readSegment(bytes: Uint8Array, offset: number) {
  const plain = isCpio(bytes) ? readCpio(bytes) : undefined
  if (plain) return { found: plain.entries, compression: undefined, consumed: plain.consumed }
  const compression = detectCompression(bytes)
  if (!compression)
    throw segmentError(offset, isCpio(bytes) ? 'an archive that is cut off' : 'neither an archive nor compressed')
  const { bytes: unpacked, consumed } = unpack(compression, bytes, maximalInitrd)
  const found: CpioEntry[] = []
  for (let at = 0; at < unpacked.length; ) {
    if (unpacked[at] === 0) {
      at += 1
      continue
    }
    const archive = readCpio(unpacked.subarray(at))
    if (!archive) throw segmentError(offset, `no whole archive in its ${compression} data`)
    found.push(...archive.entries)
    at += archive.consumed
  }
  return { found, compression, consumed }
}

function segmentError(offset: number, what: string): VmError {
  return new VmError('initrd', `initial RAM disk: at byte ${offset} there is ${what}; build it again`)
}
