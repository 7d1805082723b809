import { createHash, type Hash, hash } from 'node:crypto'

/** Memory to write to, from `at` on, and what writes numbers to it. */
export type Room = { readonly buffer: Buffer; readonly view: DataView; readonly at: number }

/** sha256 of byte sequences one within another, of which only the innermost grows. */
export type NestedHashes = {
  /** Begins a sequence within the present one. */
  begin(): void
  /** Gives room for so many bytes, which holds until the next call. Those up to where `add` says count. */
  room(space: number): Room
  /** Adds the bytes that were written to the room, by where they end. */
  add(end: number): void
  /** Ends the innermost sequence and gives its hash, 32 bytes as a byte string. */
  end(): string
}

/** A sequence with more bytes is hashed bit by bit; shorter ones, which are nearly all, at once, which takes a quarter of the time. */
const MAX_WAITING = 64 * 1024

/** Begins with one sequence. */
export function createNestedHashes(): NestedHashes {
  let memory = createMemory(2 * MAX_WAITING)
  let inner = beginAt(0)
  const outer: Sequence[] = []

  return {
    begin() {
      outer.push(inner)
      inner = beginAt(memory.at)
    },
    room(space) {
      const { start } = inner
      if (memory.at - start > MAX_WAITING) {
        inner.hash ??= createHash('sha256')
        inner.hash.update(memory.buffer.subarray(start, memory.at))
        memory.at = start
      }
      const { at, buffer } = memory
      if (at + space > buffer.length) {
        memory = createMemory(2 * (at + space))
        memory.buffer.set(buffer.subarray(0, at))
        memory.at = at
      }
      return memory
    },
    add(end) {
      memory.at = end
    },
    end() {
      const rest = memory.buffer.subarray(inner.start, memory.at)
      memory.at = inner.start
      const digest = inner.hash ? inner.hash.update(rest).digest('binary') : hash('sha256', rest, 'binary')
      inner = outer.pop() ?? beginAt(0)
      return digest
    },
  }
}

/** `start` is where its bytes are that `hash` has not got yet. */
type Sequence = { readonly start: number; hash: Hash | undefined }

function beginAt(start: number): Sequence {
  return { start, hash: undefined }
}

function createMemory(size: number): { readonly buffer: Buffer; readonly view: DataView; at: number } {
  const buffer = Buffer.allocUnsafeSlow(size)
  return { buffer, view: new DataView(buffer.buffer), at: 0 }
}
