/** Which of the three bytes before an opcode being opcodes too still allows to convert, by the mask of them. */
const allowed: readonly boolean[] = [true, true, true, false, true, false, false, false]
const highestBit: readonly number[] = [0, 1, 2, 2, 3, 3, 3, 3]

const isSignByte = (byte: number | undefined) => byte === 0 || byte === 0xff

/**
 * Undoes the x86 filter of xz in place: targets of calls and jumps (E8, E9), which were made absolute so that equal ones look equal,
 * become relative again.
 *
 * @see the filter "BCJ x86" of the .xz file format
 */
export function restoreX86Branches(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let previous = -1
  let mask = 0
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) continue
    const gap = at - previous
    previous = at
    mask = gap > 3 ? 0 : (mask << (gap - 1)) & 7
    const suspect = mask !== 0 && (!allowed[mask] || isSignByte(bytes[at + 4 - (highestBit[mask] ?? 0)]))
    if (suspect || !isSignByte(bytes[at + 4])) {
      mask = (mask << 1) | 1
      continue
    }
    view.setUint32(at + 1, relativeTarget(view.getUint32(at + 1, true), at + 5, mask), true)
    at += 4
  }
}

function relativeTarget(absolute: number, from: number, mask: number): number {
  let source = absolute
  for (;;) {
    const target = (source - from) >>> 0
    const shift = (highestBit[mask] ?? 0) * 8
    if (mask === 0 || !isSignByte((target >>> (24 - shift)) & 0xff)) {
      const low = target & 0x01ffffff
      return (low | -(low & 0x01000000)) >>> 0
    }
    source = (target ^ (2 ** (32 - shift) - 1)) >>> 0
  }
}
