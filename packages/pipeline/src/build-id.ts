import { createHash } from 'node:crypto'

/** Raised whenever a change of the code changes the bytes of a flist; part of every build id. */
export const CONVERTER_VERSION = '2'

export type BuildInputs = {
  /** Hash of the rendered build context: paths, modes, contents. */
  readonly contextHash: string
  /** Manifest digest of the base image, `sha256:…`. */
  readonly baseDigest: string
  /** Build arguments but for the base: name and value. */
  readonly buildArguments: Readonly<Record<string, string>>
  /** Architecture and operating system, `linux/amd64`. */
  readonly platform: string
}

/** Identifies a result by all that determines it: equal inputs, equal id. 64 hex digits. */
export function buildId(inputs: BuildInputs): string {
  const { buildArguments, ...named } = inputs
  const given = Object.entries(buildArguments).map(([name, value]) => [`argument ${name}`, value] as const)
  const lines = [...Object.entries({ ...named, converter: CONVERTER_VERSION }), ...given]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}\n`)
  return createHash('sha256').update(lines.join('')).digest('hex')
}

/** The part of a build id that names images and flists. */
export function shortBuildId(id: string): string {
  return id.slice(0, 12)
}
