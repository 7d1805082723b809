import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'

/** The system an image runs on, with the field names of image-spec, image-index.md, "platform". */
export type Platform = {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
}

/** What is meant when nobody names a platform. */
export const DEFAULT_PLATFORM = 'linux/amd64'

const PART = /^[a-z0-9_.-]{1,64}$/

const ARCHITECTURES: ReadonlyMap<string, { architecture: string; variant?: string }> = new Map([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['i386', { architecture: '386' }],
  ['i686', { architecture: '386' }],
  ['aarch64', { architecture: 'arm64' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
])

/** What an architecture means without a variant. */
const BASE_VARIANT: ReadonlyMap<string, number> = new Map([
  ['amd64', 1],
  ['arm', 7],
  ['arm64', 8],
])

/**
 * Reads `os/architecture[/variant]` and the names `uname -m` and Debian use for architectures.
 * Source: containerd/platforms, `Parse` and `normalizeArch`.
 *
 * @throws RegistryError `bad-reference`
 */
export function parsePlatform(text: string): Platform {
  const [os = '', name = '', variant, ...rest] = text.toLowerCase().split('/')
  const parts = variant === undefined ? [os, name] : [os, name, variant]
  if (rest.length > 0 || !parts.every((part) => PART.test(part))) {
    throw new RegistryError(
      'bad-reference',
      `platform ${quote(text)}: is not os/architecture or os/architecture/variant; write for example "linux/arm64"`,
    )
  }
  const known = ARCHITECTURES.get(name) ?? { architecture: name }
  const wanted = variant ?? known.variant
  return { os, architecture: known.architecture, ...(wanted === undefined ? {} : { variant: wanted }) }
}

/** `linux/arm/v7`; text of somebody else, so quote it in messages. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join('/')
}

/**
 * The candidate that fits best, or `undefined`. Operating system and architecture must be equal; a numbered variant also
 * runs what was made for a lower one (`linux/arm/v7` runs v6), and the highest of those wins; of equals the first.
 * Candidates without a platform never fit. Source: containerd/platforms, `Only`.
 */
export function selectPlatform<T extends { readonly platform?: Platform }>(
  candidates: readonly T[],
  wanted: Platform,
): T | undefined {
  let best: { candidate: T; rank: number } | undefined
  for (const candidate of candidates) {
    const rank = candidate.platform === undefined ? undefined : fitness(candidate.platform, wanted)
    if (rank !== undefined && (best === undefined || rank > best.rank)) best = { candidate, rank }
  }
  return best?.candidate
}

/** Higher is better, `undefined` does not run. */
function fitness(offered: Platform, wanted: Platform): number | undefined {
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return undefined
  const have = variantNumber(offered)
  const want = variantNumber(wanted)
  if (have !== undefined && want !== undefined) return have <= want ? have : undefined
  return offered.variant === wanted.variant ? 0 : undefined
}

function variantNumber(platform: Platform): number | undefined {
  if (platform.variant === undefined) return BASE_VARIANT.get(platform.architecture)
  const match = /^v([0-9]{1,3})$/.exec(platform.variant)
  return match === null ? undefined : Number(match[1])
}
