import { randomBytes } from 'node:crypto'

/** The immutable name of one release of an image, taken apart. */
export type ReleaseName = {
  readonly image: string
  /** Of the image's content; absent where its recipe names none. */
  readonly version?: string
  /** The first twelve digits of the build id. */
  readonly build: string
}

/** The hub loses names over 236 characters, and a staging name adds to these. */
const LONGEST_VERSION = 64
const STAGING = /\.[0-9a-f]{8}\.(upload|link)\.flist$/

/**
 * `nginx-1.27.3-1a2b3c4d5e6f.flist`, or without a version `nginx-1a2b3c4d5e6f.flist`. A version starts with a digit, which
 * tells it from the end of another image's name; what a hub would change in it becomes `-`.
 */
export function releaseFileName({ image, version, build }: ReleaseName): string {
  const clean = version === undefined ? '' : cleanVersion(version)
  return `${image}${clean === '' ? '' : `-${clean}`}-${build}.flist`
}

function cleanVersion(version: string): string {
  const clean = version.replace(/[^A-Za-z0-9._]+/g, '-').replace(/^[^0-9]+|[^A-Za-z0-9]+$/g, '')
  return clean.slice(0, LONGEST_VERSION)
}

/** Reads a release's name; undefined for a name that is none of this image. */
export function parseReleaseName(name: string, image: string): ReleaseName | undefined {
  if (!name.startsWith(`${image}-`) || !name.endsWith('.flist')) return undefined
  const rest = name.slice(image.length + 1, -'.flist'.length)
  const [, version, build] = /^(?:(\d[A-Za-z0-9._-]*)-)?([0-9a-f]{12})$/.exec(rest) ?? []
  if (build === undefined) return undefined
  return version === undefined ? { image, build } : { image, version, build }
}

/** `nginx` or `nginx.flist` as the hub has it. */
export function flistFileName(name: string): string {
  return name.endsWith('.flist') ? name : `${name}.flist`
}

/** `nginx.flist` without its ending. */
export function flistStem(name: string): string {
  return name.endsWith('.flist') ? name.slice(0, -'.flist'.length) : name
}

/** A name nobody else has, next to the one that what is made under it will get by a rename. */
export function stagingName(name: string, kind: 'upload' | 'link'): string {
  return `${flistStem(name)}.${randomBytes(4).toString('hex')}.${kind}.flist`
}

/** Whether a name is one of {@link stagingName}: of an upload under way, or what an interrupted one left. */
export function isStagingName(name: string): boolean {
  return STAGING.test(name)
}

/** Whether a staging name was made for this name. */
export function isStagingNameOf(staging: string, name: string): boolean {
  return isStagingName(staging) && staging.replace(STAGING, '') === flistStem(name)
}
