import { parseDigest } from './digest.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/**
 * Where an image is. `registry` is the host (and port) as people write it, `docker.io` for Docker Hub. A digest wins over
 * a tag; a registry reads a reference with neither as the tag `latest`, a layout as its only image.
 */
export type Reference = {
  readonly registry: string
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
}

/** What a reference means where its text is silent. */
export type ReferenceDefaults = {
  /** Registry of a name without one; `docker.io` when not given */
  readonly registry?: string
  /** Tag of a name with neither tag nor digest; none when not given */
  readonly tag?: string
}

const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const BARE_ID = /^[0-9a-f]{64}$/
const LONGEST_NAME = 255
const LONGEST_TEXT = 1024

/**
 * Reads `[registry/]repository[:tag][@digest]` by Docker's rules: the first component is a registry when it has a dot, a
 * colon or an upper case letter, or is `localhost`; without one it is `docker.io`, whose one-word names live under
 * `library/`. The host is lower-cased, a repository with upper case letters is refused.
 *
 * Source: distribution/reference (grammar in reference.go, `ParseNormalizedNamed` in normalize.go).
 *
 * @throws RegistryError `bad-reference`
 */
export function parseReference(text: string, defaults: ReferenceDefaults = {}): Reference {
  if (text.length > LONGEST_TEXT) throw bad(text, `has more than ${LONGEST_TEXT} characters`, 'shorten it')
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) {
    throw bad(text, 'is a URL', `write ${quote(text.slice(text.indexOf('://') + 3))}`)
  }
  const { name, tag, digest } = split(text)
  if (BARE_ID.test(name)) throw bad(text, 'is an image id', `write repository@sha256:${name}`)
  const { registry, repository } = splitRegistry(name, defaults.registry ?? 'docker.io')
  if (!HOST.test(registry)) throw bad(text, `${quote(registry)} is not a registry host`, 'write host or host:port')
  checkRepository(text, repository)
  if (registry.length + 1 + repository.length > LONGEST_NAME) {
    throw bad(text, `the name has more than ${LONGEST_NAME} characters`, 'shorten it')
  }
  const wantedTag = tag ?? (digest === undefined ? defaults.tag : undefined)
  if (wantedTag !== undefined) checkTag(wantedTag, text)
  if (digest !== undefined && parseDigest(digest) === undefined) {
    throw bad(text, `${quote(digest)} is not a digest`, 'write sha256: and 64 hex digits, or sha512: and 128')
  }
  return {
    registry,
    repository,
    ...(wantedTag === undefined ? {} : { tag: wantedTag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** The reference in full: `docker.io/library/nginx:1@sha256:…`; {@link parseReference} reads it back to the same value. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${reference.registry}/${reference.repository}${tag}${digest}`
}

/**
 * Refuses what is not a tag.
 *
 * @param text the text the tag stands in, for the message
 * @throws RegistryError `bad-reference`
 */
export function checkTag(tag: string, text: string = tag): void {
  if (TAG.test(tag)) return
  throw bad(
    text,
    `${quote(tag)} is not a tag`,
    'use up to 128 letters, digits, ".", "_" and "-", not starting with "." or "-"',
  )
}

function split(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = text.indexOf('@')
  const beforeDigest = at < 0 ? text : text.slice(0, at)
  const digest = at < 0 ? undefined : text.slice(at + 1)
  const colon = beforeDigest.lastIndexOf(':')
  if (colon <= beforeDigest.lastIndexOf('/')) return { name: beforeDigest, tag: undefined, digest }
  return { name: beforeDigest.slice(0, colon), tag: beforeDigest.slice(colon + 1), digest }
}

function splitRegistry(name: string, fallback: string): { registry: string; repository: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const named = /[.:A-Z]/.test(first) || first === 'localhost'
  const host = (named ? first : fallback).toLowerCase()
  const registry = host === 'index.docker.io' ? 'docker.io' : host
  const repository = named ? name.slice(slash + 1) : name
  const official = registry === 'docker.io' && !repository.includes('/')
  return { registry, repository: official ? `library/${repository}` : repository }
}

function checkRepository(text: string, repository: string): void {
  if (REPOSITORY.test(repository)) return
  const lower = repository.toLowerCase()
  if (REPOSITORY.test(lower)) {
    throw bad(text, `the repository ${quote(repository)} has upper case letters`, `write ${quote(lower)}`)
  }
  throw bad(
    text,
    `${quote(repository)} is not a repository`,
    'use lower case letters and digits, parted by "/", ".", "_", "__" or "-"',
  )
}

function bad(text: string, problem: string, remedy: string): RegistryError {
  return new RegistryError('bad-reference', `image reference ${quote(text)}: ${problem}; ${remedy}`)
}
