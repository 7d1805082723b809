import { type Compression, detectCompression } from '../compression/compression.ts'
import { isElf, machineName, readElf } from './elf.ts'

/**
 * What a kernel file is, as far as its first pages and headers tell.
 *
 * - `elf`: an uncompressed kernel, which every version of Cloud Hypervisor starts when it has the PVH note;
 * - `bzimage`: what distributions ship, an ELF kernel compressed behind a loader;
 * - `foreign`: a kernel of another architecture in its own format;
 * - `unknown`: anything else.
 */
export type KernelImage =
  | {
      readonly format: 'elf'
      readonly architecture: string
      readonly bits: number
      /** Physical address at which a PVH loader starts the kernel; undefined without the note XEN_ELFNOTE_PHYS32_ENTRY. */
      readonly pvhEntry: number | undefined
      readonly release: string | undefined
      /** Whether a part the program headers name is not in the file. */
      readonly truncated: boolean
    }
  | { readonly format: 'bzimage'; readonly release: string | undefined; readonly payload: BzImagePayload | undefined }
  | { readonly format: 'foreign'; readonly architecture: string }
  | { readonly format: 'unknown' }

/** Where the compressed kernel is in a bzImage. */
export type BzImagePayload = {
  readonly offset: number
  readonly length: number
  /** undefined when it begins like none that is known. */
  readonly compression: Compression | undefined
}

/** The fields of the setup header, by their offset in the file (Documentation/arch/x86/boot.rst). */
const setup = {
  sectors: 0x1f1,
  magic: 0x202,
  version: 0x206,
  release: 0x20e,
  payloadOffset: 0x248,
  payloadLength: 0x24c,
} as const

const pvhNote = { owner: 'Xen', type: 18 } as const

/** Tells what a kernel file is. Never throws: what can not be read is `unknown` or lacks its fields. */
export function describeKernel(bytes: Uint8Array): KernelImage {
  if (isElf(bytes)) return describeElf(bytes)
  if (ascii(bytes, setup.magic, 4) === 'HdrS')
    return { format: 'bzimage', release: setupRelease(bytes), payload: findPayload(bytes) }
  if (ascii(bytes, 0x38, 4) === 'ARMd') return { format: 'foreign', architecture: 'aarch64' }
  if (ascii(bytes, 0x30, 5) === 'RISCV') return { format: 'foreign', architecture: 'riscv' }
  return { format: 'unknown' }
}

function describeElf(bytes: Uint8Array): KernelImage {
  const elf = readElf(bytes)
  if (!elf) return { format: 'unknown' }
  const note = elf.notes.find(({ owner, type }) => owner === pvhNote.owner && type === pvhNote.type)
  return {
    format: 'elf',
    architecture: machineName(elf.machine),
    bits: elf.bits,
    pvhEntry: note && note.description.length >= 4 ? Buffer.from(note.description).readUInt32LE() : undefined,
    release: bannerRelease(bytes),
    truncated: elf.loadedEnd > bytes.length,
  }
}

/** The release in the banner that `/proc/version` shows, like `6.1.0-50-cloud-amd64`. */
function bannerRelease(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const marker = 'Linux version '
  for (let at = buffer.indexOf(marker); at >= 0; at = buffer.indexOf(marker, at + 1)) {
    const release = /^[0-9][0-9A-Za-z.+~_-]+(?= )/.exec(ascii(bytes, at + marker.length, 128))?.[0]
    if (release !== undefined) return release
  }
  return undefined
}

function setupRelease(bytes: Uint8Array): string | undefined {
  const pointer = uint(bytes, setup.release, 2)
  return pointer === 0 ? undefined : /^[0-9][0-9A-Za-z.+~_-]+/.exec(ascii(bytes, 0x200 + pointer, 128))?.[0]
}

/** The header has these fields since version 2.08 (Linux 2.6.26). */
function findPayload(bytes: Uint8Array): BzImagePayload | undefined {
  if (uint(bytes, setup.version, 2) < 0x208) return undefined
  const sectors = uint(bytes, setup.sectors, 1) || 4
  const offset = (sectors + 1) * 512 + uint(bytes, setup.payloadOffset, 4)
  const length = uint(bytes, setup.payloadLength, 4)
  return { offset, length, compression: detectCompression(bytes.subarray(offset)) }
}

function uint(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  const part = Buffer.alloc(4)
  part.set(bytes.subarray(at, at + size))
  return part.readUInt32LE()
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.subarray(at, at + length)).toString('latin1')
}
