/** What the kernel checks need of an ELF file. */
export type ElfFile = {
  /** 32 or 64. */
  readonly bits: number
  readonly littleEndian: boolean
  /** `e_machine`. */
  readonly machine: number
  readonly notes: readonly ElfNote[]
  /** Bytes the program headers refer to, from the begin of the file. */
  readonly loadedEnd: number
}

export type ElfNote = { readonly owner: string; readonly type: number; readonly description: Uint8Array }

const noteSegment = 4
const loadSegment = 1
/** More than any kernel has; a header may claim 65535. */
const maximalHeaders = 128
const maximalNotes = 1024

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/** The names of `e_machine` a wrong kernel is likely to have. */
const machines: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'mips',
  21: 'powerpc64',
  22: 's390',
  40: 'arm',
  62: 'x86-64',
  183: 'aarch64',
  243: 'riscv',
  258: 'loongarch',
}

export function machineName(machine: number): string {
  return machines[machine] ?? `machine ${machine}`
}

/**
 * Reads the header of an ELF file and its notes (program headers of type PT_NOTE).
 *
 * @returns undefined where the headers do not fit in the file
 * @see System V ABI, chapters 4 and 5
 */
export function readElf(bytes: Uint8Array): ElfFile | undefined {
  if (!isElf(bytes) || bytes.length < 64) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const is64 = bytes[4] === 2
  const littleEndian = bytes[5] === 1
  const word = (at: number) => (is64 ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian))
  const tableAt = word(is64 ? 32 : 28)
  const entrySize = view.getUint16(is64 ? 54 : 42, littleEndian)
  const count = view.getUint16(is64 ? 56 : 44, littleEndian)
  if (entrySize < (is64 ? 56 : 32) || count > maximalHeaders || tableAt + count * entrySize > bytes.length)
    return undefined
  const notes: ElfNote[] = []
  let loadedEnd = 0
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * entrySize
    const type = view.getUint32(at, littleEndian)
    const offset = word(at + (is64 ? 8 : 4))
    const size = word(at + (is64 ? 32 : 16))
    if (type === loadSegment) loadedEnd = Math.max(loadedEnd, offset + size)
    if (type === noteSegment && offset + size <= bytes.length)
      notes.push(...readNotes(bytes.subarray(offset, offset + size), littleEndian))
  }
  return { bits: is64 ? 64 : 32, littleEndian, machine: view.getUint16(18, littleEndian), notes, loadedEnd }
}

function* readNotes(segment: Uint8Array, littleEndian: boolean): Generator<ElfNote> {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length)
  const aligned = (size: number) => Math.ceil(size / 4) * 4
  let at = 0
  for (let count = 0; at + 12 <= segment.length && count < maximalNotes; count++) {
    const ownerSize = view.getUint32(at, littleEndian)
    const size = view.getUint32(at + 4, littleEndian)
    const type = view.getUint32(at + 8, littleEndian)
    const begin = at + 12 + aligned(ownerSize)
    if (begin + size > segment.length) return
    const owner = Buffer.from(segment.subarray(at + 12, at + 12 + ownerSize)).toString('latin1')
    yield { owner: owner.replace(/\0+$/, ''), type, description: segment.subarray(begin, begin + size) }
    at = begin + aligned(size)
  }
}
