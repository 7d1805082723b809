import { createHash } from 'node:crypto'
import type { Descriptor } from './descriptor.ts'
import { parseDigest } from './digest.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/**
 * Passes a stream on while it checks size and digest against the descriptor. A byte too many ends it at once, before that
 * chunk is passed on; too few, or another digest, throws after the last chunk. So the bytes are to be trusted only when
 * the stream has ended without an error.
 *
 * @param subject what the blob is, for messages
 * @throws RegistryError `size-mismatch`, `digest-mismatch`, `unsupported` for a digest of another algorithm
 */
export async function* verifyBlob(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  subject: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const expected = checkedDigest(descriptor, subject)
  const hash = createHash(expected.algorithm)
  let length = 0
  for await (const bytes of source) {
    length += bytes.length
    if (length > descriptor.size) throw wrongSize(subject, descriptor.size, length, 'more than')
    hash.update(bytes)
    yield bytes
  }
  if (length < descriptor.size) throw wrongSize(subject, descriptor.size, length, 'only')
  const actual = `${expected.algorithm}:${hash.digest('hex')}`
  if (actual === descriptor.digest) return
  throw new RegistryError(
    'digest-mismatch',
    `${subject}: digest is ${actual}, the manifest says ${descriptor.digest}; the blob was changed or damaged, push it again`,
    { expected: descriptor.digest, actual },
  )
}

/**
 * The digest of a descriptor, taken apart.
 *
 * @throws RegistryError `unsupported` when it is not sha256 or sha512
 */
export function checkedDigest(
  descriptor: Pick<Descriptor, 'digest'>,
  subject: string,
): { algorithm: string; hex: string } {
  const digest = parseDigest(descriptor.digest)
  if (digest !== undefined) return digest
  throw new RegistryError(
    'unsupported',
    `${subject}: ${quote(descriptor.digest)} is not a sha256 or sha512 digest; push the image with one`,
  )
}

function wrongSize(subject: string, expected: number, actual: number, how: 'only' | 'more than'): RegistryError {
  const found = how === 'only' ? `has only ${actual} bytes` : `has more than ${expected} bytes`
  return new RegistryError(
    'size-mismatch',
    `${subject}: ${found}, the manifest says ${expected}; the blob was changed or cut off, push it again`,
    { expected, actual },
  )
}
