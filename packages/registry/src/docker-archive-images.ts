import type { DockerArchiveEntry } from './docker-manifest.ts'
import { quote } from './quoted-text.ts'
import { formatReference, parseReference, type Reference } from './reference.ts'
import { RegistryError } from './registry-error.ts'

/** An image of a Docker archive with its id, the digest of its config. */
export type NamedImage = DockerArchiveEntry & { readonly imageId: string }

const LISTED_NAMES = 20

/**
 * The image that a reference means: by image id, else by name, tag `latest` where there is none. Without a reference, the
 * only one. `undefined` when there is no such image.
 *
 * @throws RegistryError `bad-reference` when it could be several
 */
export function chooseImage(
  images: readonly NamedImage[],
  reference: Reference | undefined,
  path: string,
): NamedImage | undefined {
  const fitting = images.filter((image) => reference === undefined || isCalled(image, reference))
  const [first] = fitting
  if (first === undefined || fitting.every(({ imageId }) => imageId === first.imageId)) return first
  throw new RegistryError(
    'bad-reference',
    `${quote(path)}: has several images; name one of ${listImages(fitting).join(', ')}`,
  )
}

/** The error for a reference that is not in the archive; it lists what is. */
export function noSuchImage(
  images: readonly NamedImage[],
  reference: Reference | undefined,
  path: string,
): RegistryError {
  const wanted = reference === undefined ? 'no image' : `no image ${quote(formatReference(reference))}`
  const there = images.length === 0 ? 'it is empty' : `there are ${listImages(images).join(', ')}`
  return new RegistryError('not-found', `${quote(path)}: ${wanted} in manifest.json; ${there}`)
}

function isCalled({ imageId, tags }: NamedImage, reference: Reference): boolean {
  if (reference.digest !== undefined) return reference.digest === imageId
  const wanted = formatReference({ ...reference, tag: reference.tag ?? 'latest' })
  return tags.some((tag) => fullName(tag) === wanted)
}

function fullName(tag: string): string | undefined {
  try {
    return formatReference(parseReference(tag, { tag: 'latest' }))
  } catch (error) {
    // A name that nobody can ask for.
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

/** Each image by its first name, or as a reference by its id, which needs some name before it. */
function listImages(images: readonly NamedImage[]): string[] {
  const names = images.map(({ imageId, tags: [tag] }) => tag ?? `image@${imageId}`)
  return [...new Set(names)].slice(0, LISTED_NAMES).map((name) => quote(name, 100))
}
