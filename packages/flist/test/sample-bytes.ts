import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'

/** Where the bytes of a sample come from: noise does not compress, the others do, each in its own way. */
type Part = { readonly kind: 'noise' | 'run' | 'words' | 'earlier'; readonly length: number; readonly seed: number }

const WORDS = 'usr share doc lib copyright the of and package license GNU x86_64 linux-gnu \n\t#!/bin/sh'.split(' ')

/** Bytes like those of files: any mix of noise, runs, words and repetitions of what came before. */
export function sampleBytes(parts: readonly Part[]): Uint8Array {
  let bytes = Buffer.alloc(0)
  for (const part of parts) bytes = Buffer.concat([bytes, partBytes(part, bytes)])
  return new Uint8Array(bytes)
}

function partBytes({ kind, length, seed }: Part, before: Buffer): Buffer {
  switch (kind) {
    case 'noise':
      return noise(length, seed)
    case 'run':
      return Buffer.alloc(length, (seed & 0xff).toString(2 + (seed % 30)))
    case 'words': {
      const choices = noise(Math.ceil(length / 3), seed)
      return Buffer.from([...choices].map((choice) => WORDS[choice % WORDS.length]).join(' ')).subarray(0, length)
    }
    case 'earlier': {
      const start = before.length === 0 ? 0 : noise(4, seed).readUInt32LE() % before.length
      return before.subarray(start, start + length)
    }
  }
}

function noise(length: number, seed: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, `seed ${seed}`), Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** Samples of at most about `maxLength` bytes. */
export function arbitraryBytes(maxLength: number): fc.Arbitrary<Uint8Array> {
  const part = fc.record<Part>({
    kind: fc.constantFrom('noise', 'run', 'words', 'earlier'),
    length: fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: Math.floor(maxLength / 8) })),
    seed: fc.nat(),
  })
  return fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.array(part, { maxLength: 8 }).map(sampleBytes))
}
