import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { TwinError } from './errors.ts'
import { pythonJson } from './python-json.ts'
import { isFileName } from './storage.ts'

/** The fixed head of a PKCS#8 ed25519 key (RFC 8410); the 32 bytes of the seed follow it. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32
const SIGNATURE_BYTES = 64

/**
 * Signs a token of the kind the hub gives to a 3Bot user: urlsafe base64 (with padding) of the ed25519 signature followed
 * by the JSON it signs, `["alice.3bot", 1700000000]`. The time is seconds since epoch and is never checked: tokens do not
 * expire, and any signed name is a user.
 *
 * @throws TwinError `bad-options` when the seed is not 32 bytes, `bad-user` when the name can not be a folder
 */
export function mintToken(seed: Uint8Array, user: string): string {
  if (user === 'me' || !isFileName(user)) {
    throw new TwinError('bad-user', `user ${JSON.stringify(user)}: not a repository name; use a name like "alice.3bot"`)
  }
  const payload = Buffer.from(pythonJson([user, Math.floor(Date.now() / 1000)]))
  const token = Buffer.concat([sign(null, payload, signingKey(seed)), payload])
  return token.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** Tells whose token a text is; undefined for every text that the seed's owner did not sign. */
export type TokenReader = (token: string) => string | undefined

/**
 * Makes the check of tokens for one seed. The hub's tokens never expire; with a lifetime, in seconds, these do.
 *
 * @throws TwinError `bad-options` when the seed is not 32 bytes
 */
export function createTokenReader(seed: Uint8Array, lifetime = Number.POSITIVE_INFINITY): TokenReader {
  const key = createPublicKey(signingKey(seed))
  return (token) => {
    if (token.length % 4 !== 0 || !/^[A-Za-z0-9_-]+={0,2}$/.test(token)) return undefined
    const bytes = Buffer.from(token, 'base64url')
    const payload = bytes.subarray(SIGNATURE_BYTES)
    if (!verify(null, payload, key, bytes.subarray(0, SIGNATURE_BYTES))) return undefined
    return userOf(payload, lifetime)
  }
}

function userOf(payload: Uint8Array, lifetime: number): string | undefined {
  try {
    const [user, time]: unknown[] = JSON.parse(Buffer.from(payload).toString())
    if (lifetime < Number.POSITIVE_INFINITY && !(typeof time === 'number' && Date.now() / 1000 <= time + lifetime)) {
      return undefined
    }
    return typeof user === 'string' && isFileName(user) ? user : undefined
  } catch {
    return undefined
  }
}

function signingKey(seed: Uint8Array): KeyObject {
  if (seed.length !== SEED_BYTES) {
    throw new TwinError('bad-options', `seed: ${seed.length} bytes; give ${SEED_BYTES} secret random bytes`)
  }
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
}
