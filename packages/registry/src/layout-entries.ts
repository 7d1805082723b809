import type { Descriptor } from './descriptor.ts'
import type { ImageIndex } from './manifest.ts'
import type { Platform } from './platform.ts'
import { quote } from './quoted-text.ts'
import { formatReference, type Reference } from './reference.ts'
import { RegistryError } from './registry-error.ts'
import { chooseManifest } from './resolve-image.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'
/** The full name, which BuildKit and containerd write beside a `ref.name` that is only the tag. */
const CONTAINERD_NAME = 'io.containerd.image.name'
const LISTED_NAMES = 20

/**
 * The entry of a layout's `index.json` that a reference means; `undefined` when there is none.
 *
 * @throws RegistryError `bad-reference` when it could be several images, `platform-not-found`
 */
export function chooseEntry(
  index: ImageIndex,
  reference: Reference | undefined,
  platform: Platform,
  path: string,
): Descriptor | undefined {
  const entries = candidates(index.manifests, reference)
  // Tags of the same image are entries with the same digest.
  const distinct = [...new Map(entries.map((entry) => [entry.digest, entry])).values()]
  const [first] = distinct
  if (distinct.length <= 1 || first === undefined) return first
  const names = listNames(distinct)
  if (names.length > 1) {
    throw new RegistryError('bad-reference', `${quote(path)}: has several images; name one of ${names.join(', ')}`)
  }
  return chooseManifest({ ...index, manifests: distinct }, platform, quote(path))
}

/** The error for a reference that is not in the layout; it lists what is. */
export function noSuchEntry(index: ImageIndex, reference: Reference | undefined, path: string): RegistryError {
  const wanted = reference?.digest ?? reference?.tag
  const names = listNames(index.manifests)
  const there = names.length === 0 ? 'its images have no names' : `there are ${names.join(', ')}`
  const image = wanted === undefined ? 'no image' : `no image ${quote(wanted)}`
  return new RegistryError('not-found', `${quote(path)}: ${image} in index.json; ${there}`)
}

function candidates(entries: readonly Descriptor[], reference: Reference | undefined): readonly Descriptor[] {
  if (reference?.digest !== undefined) return entries.filter(({ digest }) => digest === reference.digest)
  if (reference?.tag === undefined) return entries
  const { tag } = reference
  const wanted = formatReference(reference)
  const inFull = entries.filter((entry) => namesOf(entry).includes(wanted))
  if (inFull.length > 0) return inFull
  // Where the full name is known a tag alone says nothing: what docker save writes has several images with one tag.
  const named = entries.filter((entry) => !hasFullName(entry) && namesOf(entry).includes(tag))
  return named.length > 0 ? named : entries.filter((entry) => namesOf(entry).length === 0)
}

function hasFullName(entry: Descriptor): boolean {
  return entry.annotations?.[CONTAINERD_NAME] !== undefined
}

function namesOf({ annotations }: Descriptor): string[] {
  return [annotations?.[CONTAINERD_NAME], annotations?.[REF_NAME]].filter((name) => name !== undefined)
}

/** One name of each entry, the longest it has; quoted, each once. */
function listNames(entries: readonly Descriptor[]): string[] {
  const names = entries.flatMap((entry) => namesOf(entry).slice(0, 1))
  return [...new Set(names)].slice(0, LISTED_NAMES).map((name) => quote(name, 100))
}
