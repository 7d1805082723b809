import { MANIFEST_LIMIT } from './manifest.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'
import { badDocument, isObject, type JsonObject, optionalTexts, type Problems, requiredText } from './untrusted-json.ts'

/** One image of a `docker save` archive; the names of files are those in the archive. */
export type DockerArchiveEntry = {
  readonly config: string
  /** `nginx:1.27`, as `docker save` was given them; none for an image saved by its id */
  readonly tags: readonly string[]
  /** Bottom layer first */
  readonly layers: readonly string[]
}

const MOST_IMAGES = 1000
const MOST_LAYERS = 1000

/**
 * Reads the `manifest.json` of a `docker save` archive.
 *
 * Source: moby/docker-image-spec, spec v1.2, "Combined Image JSON + Filesystem Changeset Format".
 *
 * @throws RegistryError `bad-manifest` with every problem
 */
export function parseDockerManifest(bytes: Uint8Array, subject: string): DockerArchiveEntry[] {
  const list = parseList(bytes)
  if (list === undefined) throw badDocument(subject, ['it is not a JSON list of at most 1000 images'])
  const problems: Problems = []
  const entries = list.map((item, n) => readEntry(item, `[${n}]`, problems))
  if (problems.length > 0) throw badDocument(subject, problems)
  return entries
}

/** Whether a file called `manifest.json` is that of a `docker save` archive, right or wrong in its details. */
export function isDockerManifest(bytes: Uint8Array): boolean {
  const [first] = parseList(bytes) ?? []
  return isObject(first) && 'Config' in first && 'Layers' in first
}

/** The error for a `manifest.json` with more bytes than any real one. */
export function tooLargeManifest(subject: string): RegistryError {
  return new RegistryError(
    'bad-manifest',
    `${subject}: has more than ${MANIFEST_LIMIT} bytes; save fewer images at once`,
  )
}

function parseList(bytes: Uint8Array): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return Array.isArray(value) && value.length <= MOST_IMAGES ? value : undefined
  } catch {
    return undefined
  }
}

function readEntry(item: unknown, at: string, problems: Problems): DockerArchiveEntry {
  if (!isObject(item)) {
    problems.push(`${at} is not an object`)
    return { config: '', tags: [], layers: [] }
  }
  return {
    config: requiredText(item, 'Config', `${at}.`, problems),
    tags: optionalTexts(item, 'RepoTags', `${at}.`, problems) ?? [],
    layers: readLayers(item, `${at}.`, problems),
  }
}

/** Go writes the empty list of an image without layers as null. */
function readLayers(item: JsonObject, at: string, problems: Problems): readonly string[] {
  const layers = optionalTexts(item, 'Layers', at, problems) ?? []
  if (layers.length > MOST_LAYERS) problems.push(`${at}Layers has more than ${MOST_LAYERS} entries`)
  const empty = layers.indexOf('')
  if (empty >= 0) problems.push(`${at}Layers[${empty}] is ${quote('')}`)
  return layers.slice(0, MOST_LAYERS)
}
