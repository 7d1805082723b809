import { EngineError } from './errors.ts'

/** A reference in the two parts that the engine's API takes apart. */
export type ImageName = {
  /** Registry and repository as they were written. */
  readonly repository: string
  /** Tag, or digest (`sha256:…`), or undefined. */
  readonly version: string | undefined
  readonly isDigest: boolean
}

const allowed = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/

/**
 * Splits a reference for the engine's API, which completes it by its own rules (docker.io, library/).
 *
 * @throws EngineError 'invalid-reference' for what could change the meaning of a request's path
 */
export function parseImageName(reference: string): ImageName {
  const parts = reference.split('/')
  if (!allowed.test(reference) || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new EngineError(
      'invalid-reference',
      `image reference ${JSON.stringify(reference)}: not a reference; write [registry/]repository[:tag][@digest]`,
    )
  }
  const at = reference.indexOf('@')
  if (at >= 0)
    return { repository: withoutTag(reference.slice(0, at)), version: reference.slice(at + 1), isDigest: true }
  const repository = withoutTag(reference)
  const tag = reference.slice(repository.length + 1)
  return { repository, version: tag === '' ? undefined : tag, isDigest: false }
}

function withoutTag(name: string): string {
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  return colon < 0 ? name : name.slice(0, colon)
}

/**
 * The registry of a reference, as the engine keys credentials: Docker Hub goes by the address of its first API.
 *
 * Follows `reference.ParseNormalizedNamed` and `registry.GetAuthConfigKey` of moby.
 */
export function registryKey(reference: string): string {
  const [first, ...rest] = reference.split('/')
  const isHost = rest.length > 0 && first !== undefined && (/[.:]/.test(first) || first === 'localhost')
  return credentialKey(isHost ? first : 'docker.io')
}

/** The key under which the engine looks for the credentials of a registry host. */
export function credentialKey(registry: string): string {
  return ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(registry)
    ? 'https://index.docker.io/v1/'
    : registry
}
