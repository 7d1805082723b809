import { type Descriptor, readDescriptor } from './descriptor.ts'
import { MEDIA_TYPES, manifestKind } from './media-types.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'
import {
  badDocument,
  type JsonObject,
  optionalText,
  optionalTextMap,
  type Problems,
  parseJsonObject,
  requiredList,
} from './untrusted-json.ts'

/** One image for one platform. Source: image-spec, manifest.md; Docker's schema 2 has the same fields. */
export type ImageManifest = {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** Images of several platforms. Source: image-spec, image-index.md; Docker calls it a manifest list. */
export type ImageIndex = {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** What a registry has under a tag or a manifest digest. */
export type ManifestDocument =
  | { readonly kind: 'manifest'; readonly manifest: ImageManifest }
  | { readonly kind: 'index'; readonly index: ImageIndex }

/** Most bytes of a manifest or index: what the distribution specification asks every registry to take. */
export const MANIFEST_LIMIT = 4 * 1024 * 1024

/**
 * Parses a manifest or an index. The type is decided by what the document says of itself, then by `claimedType`, then by
 * its fields; a document where these disagree is refused, because two readers could see two different images in it
 * (CVE-2021-41190).
 *
 * @param claimedType `Content-Type` of the answer, or media type of the descriptor that led here; a general type such as
 *   `application/json` claims nothing
 * @param subject what the document is, for messages
 * @throws RegistryError `bad-manifest` with every problem; `unsupported` for schema 1 and for other documents
 */
export function parseManifest(bytes: Uint8Array, claimedType: string | undefined, subject: string): ManifestDocument {
  const document = parseJsonObject(bytes, subject)
  const problems: Problems = []
  const own = optionalText(document, 'mediaType', '', problems)
  const claimed = claimedType !== undefined && manifestKind(claimedType) !== undefined ? claimedType : undefined
  const mediaType = own ?? claimed ?? guessType(document)
  const kind = mediaType === undefined ? undefined : manifestKind(mediaType)
  if (document.schemaVersion === 1) throw schema1(subject)
  refuseSchema1(mediaType, subject)
  if (mediaType === undefined || kind === undefined) throw unknownType(subject, mediaType ?? claimedType)
  if (claimed !== undefined && claimed !== mediaType) {
    problems.push(`it was announced as ${quote(claimed)} and calls itself ${quote(mediaType)}`)
  }
  if (document.schemaVersion !== 2) problems.push('schemaVersion is not 2')
  const result =
    kind === 'index' ? readIndex(document, mediaType, problems) : readManifest(document, mediaType, problems)
  if (problems.length > 0) throw badDocument(subject, problems)
  return result
}

function readManifest(document: JsonObject, mediaType: string, problems: Problems): ManifestDocument {
  if (document.manifests !== undefined) problems.push('it is an image and has "manifests" as an index has')
  const config = readDescriptor(document.config, 'config', problems)
  const layers = readDescriptors(document, 'layers', problems)
  return {
    kind: 'manifest',
    manifest: { schemaVersion: 2, mediaType, config, layers, ...readCommon(document, problems) },
  }
}

function readIndex(document: JsonObject, mediaType: string, problems: Problems): ManifestDocument {
  for (const key of ['config', 'layers']) {
    if (document[key] !== undefined) problems.push(`it is an index and has "${key}" as an image has`)
  }
  const manifests = readDescriptors(document, 'manifests', problems)
  return { kind: 'index', index: { schemaVersion: 2, mediaType, manifests, ...readCommon(document, problems) } }
}

function readDescriptors(document: JsonObject, key: string, problems: Problems): Descriptor[] {
  return requiredList(document, key, '', problems).map((item, n) => readDescriptor(item, `${key}[${n}]`, problems))
}

function readCommon(document: JsonObject, problems: Problems): Pick<ImageManifest, 'artifactType' | 'annotations'> {
  const artifactType = optionalText(document, 'artifactType', '', problems)
  const annotations = optionalTextMap(document, 'annotations', '', problems)
  return { ...(artifactType && { artifactType }), ...(annotations && { annotations }) }
}

/** Throws `unsupported` for the media types of Docker's schema 1. */
export function refuseSchema1(mediaType: string | undefined, subject: string): void {
  if (mediaType !== undefined && manifestKind(mediaType) === 'schema1') throw schema1(subject)
}

/** OCI made `mediaType` optional, so a document may say what it is by its fields only. */
function guessType(document: JsonObject): string | undefined {
  if (document.schemaVersion !== 2) return undefined
  if (document.manifests !== undefined) return MEDIA_TYPES.ociIndex
  return document.config !== undefined && document.layers !== undefined ? MEDIA_TYPES.ociManifest : undefined
}

function schema1(subject: string): RegistryError {
  return new RegistryError(
    'unsupported',
    `${subject}: is an image of the obsolete schema 1, which has no image config and no digests to check; push it again with a Docker engine of 1.10 or later`,
  )
}

function unknownType(subject: string, mediaType: string | undefined): RegistryError {
  const found = mediaType === undefined ? 'a document of no known type' : `of type ${quote(mediaType)}`
  return new RegistryError(
    'unsupported',
    `${subject}: is ${found}, not an image manifest or index; check that the reference names a container image`,
  )
}
