import { type Compression, unpack } from '../compression/compression.ts'
import { VmError } from '../errors.ts'
import { isElf } from './elf.ts'
import { type BzImagePayload, describeKernel } from './kernel-image.ts'

/** An uncompressed kernel. */
export type ExtractedKernel = {
  /** The ELF file; the one given, where it was no bzImage. */
  readonly elf: Uint8Array
  /** How it was compressed; undefined where it was not. */
  readonly compression: Compression | undefined
  readonly release: string | undefined
}

/** No kernel is near this; what says that it is was made to fill the memory. */
const maximalKernel = 512 << 20

/**
 * Takes the ELF kernel out of a bzImage, as the kernel's `scripts/extract-vmlinux` does, but by the setup header instead of a search,
 * and compared with the size the build recorded. An ELF file is given back as it is.
 *
 * The result is checked to be one that a Zmachine starts: 64 bits, x86-64, whole, and with the PVH note.
 *
 * @param name for messages, like the path of the file
 * @throws VmError 'kernel' when it is none of that, 'compressed-data' when its payload can not be unpacked
 */
export function extractKernel(bytes: Uint8Array, name: string): ExtractedKernel {
  const image = describeKernel(bytes)
  const payload = image.format === 'bzimage' ? image.payload : undefined
  if (image.format === 'bzimage' && !payload)
    throw kernelError(
      name,
      'its boot protocol is older than 2.08 and does not say where the kernel is',
      'use a kernel of this century',
    )
  const elf = payload ? unpackPayload(bytes, payload, name) : bytes
  requireStartable(elf, name)
  const plain = describeKernel(elf)
  return {
    elf,
    compression: payload?.compression,
    release: plain.format === 'elf' ? plain.release : undefined,
  }
}

function unpackPayload(bytes: Uint8Array, { offset, length, compression }: BzImagePayload, name: string): Uint8Array {
  if (offset + length > bytes.length || length < 8) {
    const problem = `its header says that ${length} compressed bytes begin at ${offset}, and it has ${bytes.length} bytes`
    throw kernelError(name, problem, 'it is cut off: get it again')
  }
  const payload = bytes.subarray(offset, offset + length)
  if (isElf(payload)) return payload
  if (!compression) {
    const magic = Buffer.from(payload.subarray(0, 6)).toString('hex')
    throw kernelError(
      name,
      `it is compressed in a way that is not known: its payload begins with ${magic}`,
      "unpack it with the kernel source's scripts/extract-vmlinux",
    )
  }
  // The build appends the size to what has no size at its end; gzip has it there by itself.
  const expected = Buffer.from(payload.subarray(-4)).readUInt32LE()
  if (expected > maximalKernel) {
    throw kernelError(name, `it says that it unpacks to ${expected} bytes, which no kernel has`, 'get it again')
  }
  const packed = compression === 'gzip' ? payload : payload.subarray(0, -4)
  const { bytes: elf } = unpackNamed(compression, packed, expected, name)
  if (elf.length === expected) return elf
  throw kernelError(name, `it unpacks to ${elf.length} bytes and says ${expected}`, 'it is damaged: get it again')
}

function unpackNamed(compression: Compression, packed: Uint8Array, limit: number, name: string) {
  try {
    return unpack(compression, packed, limit)
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    throw new VmError('compressed-data', `${name}: ${error.message}`, { cause: error })
  }
}

/** @throws VmError 'kernel' naming the first reason why it would not start */
function requireStartable(elf: Uint8Array, name: string): void {
  const image = describeKernel(elf)
  const remedy = 'install the distribution’s kernel for amd64'
  if (image.format === 'foreign') throw kernelError(name, `it is a kernel for ${image.architecture}`, remedy)
  if (image.format !== 'elf') throw kernelError(name, 'it is neither a bzImage nor an ELF kernel', remedy)
  if (image.bits !== 64 || image.architecture !== 'x86-64')
    throw kernelError(name, `it is a kernel of ${image.bits} bits for ${image.architecture}`, remedy)
  if (image.truncated) throw kernelError(name, 'its program headers reach over its end', 'it is cut off: get it again')
  if (image.pvhEntry === undefined)
    throw kernelError(name, 'it has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY)', 'use a kernel built with CONFIG_PVH=y')
}

function kernelError(name: string, problem: string, remedy: string): VmError {
  return new VmError('kernel', `${name}: ${problem}; ${remedy}`)
}
