import { hash } from 'node:crypto'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/** Hash algorithms a digest may name: the registered ones of the image specification. */
export type DigestAlgorithm = 'sha256' | 'sha512'

/** A digest taken apart; `hex` is lower case and of the right length. */
export type Digest = { readonly algorithm: DigestAlgorithm; readonly hex: string }

const DIGEST = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}))$/

/**
 * Takes `sha256:…` or `sha512:…` apart; `undefined` for anything else, so that each caller can say what it was reading.
 * Source: image-spec, descriptor.md, "Digests".
 */
export function parseDigest(text: string): Digest | undefined {
  const match = DIGEST.exec(text)
  const algorithm = match?.[1] ?? match?.[3]
  const hex = match?.[2] ?? match?.[4]
  if (hex === undefined || (algorithm !== 'sha256' && algorithm !== 'sha512')) return undefined
  return { algorithm, hex }
}

/** The digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${hash(algorithm, bytes)}`
}

/**
 * Compares bytes with the digest somebody claims for them.
 *
 * @param claimedBy who claims it, for the message: `the reference`, `the header Docker-Content-Digest`
 * @throws RegistryError `digest-mismatch`, also when the claim is not a digest at all
 */
export function checkDigest(bytes: Uint8Array, claimed: string, subject: string, claimedBy: string): void {
  const digest = parseDigest(claimed)
  const actual = digestOf(bytes, digest?.algorithm)
  if (digest !== undefined && actual === claimed) return
  throw new RegistryError(
    'digest-mismatch',
    `${subject}: digest is ${actual}, ${claimedBy} says ${digest ? claimed : quote(claimed)}; the content was changed on its way, do not use it`,
    { expected: claimed, actual },
  )
}
