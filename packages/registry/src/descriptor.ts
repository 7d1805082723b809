import { parseDigest } from './digest.ts'
import type { Platform } from './platform.ts'
import { quote } from './quoted-text.ts'
import {
  isObject,
  type JsonObject,
  optionalObject,
  optionalText,
  optionalTextMap,
  optionalTexts,
  type Problems,
  requiredText,
} from './untrusted-json.ts'

/** A pointer to content: type, digest and size in bytes. Source: image-spec, descriptor.md. */
export type Descriptor = {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  /** Other places the content is at; only foreign (non-distributable) layers have them */
  readonly urls?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
  /** Only in an index */
  readonly platform?: Platform
}

/**
 * Reads a descriptor of somebody else. What is wrong goes to `problems`, and the value must then not be used.
 *
 * @param at where it stands, for the problems: `layers[0]`
 */
export function readDescriptor(value: unknown, at: string, problems: Problems): Descriptor {
  if (!isObject(value)) {
    problems.push(`${at} is ${value === undefined ? 'missing' : 'not an object'}`)
    return { mediaType: '', digest: '', size: 0 }
  }
  const inside = `${at}.`
  const mediaType = requiredText(value, 'mediaType', inside, problems)
  const digest = requiredText(value, 'digest', inside, problems)
  if (digest !== '' && parseDigest(digest) === undefined) {
    problems.push(`${inside}digest ${quote(digest)} is not a sha256 or sha512 digest`)
  }
  const urls = optionalTexts(value, 'urls', inside, problems)
  const annotations = optionalTextMap(value, 'annotations', inside, problems)
  const artifactType = optionalText(value, 'artifactType', inside, problems)
  const platform = readPlatform(value, inside, problems)
  return {
    mediaType,
    digest,
    size: readSize(value, inside, problems),
    ...(urls && { urls }),
    ...(annotations && { annotations }),
    ...(artifactType && { artifactType }),
    ...(platform && { platform }),
  }
}

function readSize(value: JsonObject, at: string, problems: Problems): number {
  const size = value.size
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size
  problems.push(`${at}size is ${size === undefined ? 'missing' : 'not a number of bytes'}`)
  return 0
}

function readPlatform(value: JsonObject, at: string, problems: Problems): Platform | undefined {
  const platform = optionalObject(value, 'platform', at, problems)
  if (platform === undefined) return undefined
  const inside = `${at}platform.`
  const variant = optionalText(platform, 'variant', inside, problems)
  const version = optionalText(platform, 'os.version', inside, problems)
  const features = optionalTexts(platform, 'os.features', inside, problems)
  return {
    os: requiredText(platform, 'os', inside, problems),
    architecture: requiredText(platform, 'architecture', inside, problems),
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
    ...(features && { 'os.features': features }),
  }
}
