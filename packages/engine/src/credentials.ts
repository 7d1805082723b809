import { credentialKey, registryKey } from './image-name.ts'

/** What a registry asks for; the password may be a token. */
export type Credentials = { readonly username: string; readonly password: string }

/**
 * The `X-Registry-Auth` header of a push or a pull.
 *
 * A push without the header is answered with 400, so that anonymous access is an empty object. Go decodes it with the URL-safe alphabet.
 */
export function registryAuth(reference: string, credentials: Credentials | undefined): { readonly base64: string } {
  return encode(credentials ? { ...pick(credentials), serveraddress: registryKey(reference) } : {})
}

/**
 * The `X-Registry-Config` header of a build: credentials by registry host for the bases it pulls.
 *
 * dockerode encodes it with `+` and `/`, which the engine refuses; a ready `base64` it passes on.
 */
export function registryConfig(credentials: Readonly<Record<string, Credentials>>): { readonly base64: string } {
  const entries = Object.entries(credentials).map(([registry, access]) => [credentialKey(registry), pick(access)])
  return encode(Object.fromEntries(entries))
}

function pick({ username, password }: Credentials): Credentials {
  return { username, password }
}

function encode(value: object): { readonly base64: string } {
  const standard = Buffer.from(JSON.stringify(value)).toString('base64')
  return { base64: standard.replaceAll('+', '-').replaceAll('/', '_') }
}
