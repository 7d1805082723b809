import { createHash, type Hash, hash } from 'node:crypto'

/** Memory, and what writes numbers to it. */
export type Piece = { readonly buffer: Buffer; readonly view: DataView }

/** sha256 of byte sequences one within another, of which only the innermost grows. */
export type NestedHashes = {
  /** Begins a sequence within the present one. */
  begin(): void
  /** Memory with so much room from `length` on; valid until the next call. */
  room(space: number): Piece
  /** Bytes in use. What is written from there on counts when this is set to where it ends. */
  length: number
  /** Ends the innermost sequence and gives its hash, 32 bytes as a byte string. */
  end(): string
}

/** A sequence with more bytes is hashed bit by bit; shorter ones, which are nearly all, at once, which takes a quarter of the time. */
const MAX_WAITING = 64 * 1024

/** Begins with one sequence. */
export function createNestedHashes(): NestedHashes {
  let piece = createPiece(2 * MAX_WAITING)
  let inner = beginAt(0)
  const outer: Sequence[] = []

  const hashes: NestedHashes = {
    length: 0,
    begin() {
      outer.push(inner)
      inner = beginAt(hashes.length)
    },
    room(space) {
      const { start } = inner
      if (hashes.length - start > MAX_WAITING) {
        inner.hash ??= createHash('sha256')
        inner.hash.update(piece.buffer.subarray(start, hashes.length))
        hashes.length = start
      }
      const needed = hashes.length + space
      if (needed > piece.buffer.length) {
        const { buffer } = piece
        piece = createPiece(2 * needed)
        piece.buffer.set(buffer.subarray(0, hashes.length))
      }
      return piece
    },
    end() {
      const rest = piece.buffer.subarray(inner.start, hashes.length)
      const digest = inner.hash ? inner.hash.update(rest).digest('binary') : hash('sha256', rest, 'binary')
      hashes.length = inner.start
      inner = outer.pop() ?? beginAt(0)
      return digest
    },
  }
  return hashes
}

/** `start` is where its bytes are that `hash` has not got yet. */
type Sequence = { readonly start: number; hash: Hash | undefined }

function beginAt(start: number): Sequence {
  return { start, hash: undefined }
}

function createPiece(size: number): Piece {
  const buffer = Buffer.allocUnsafeSlow(size)
  return { buffer, view: new DataView(buffer.buffer) }
}
