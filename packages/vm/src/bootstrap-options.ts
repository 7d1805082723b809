import { VmError } from './errors.ts'

/** Package sets of mmdebstrap, smallest first; `minbase` is what container images are made of. */
export type DebianVariant = 'essential' | 'apt' | 'minbase' | 'important' | 'standard'

const variants: readonly string[] = ['essential', 'apt', 'minbase', 'important', 'standard'] satisfies DebianVariant[]

/** `pacstrap` is for Arch Linux. `debootstrap` works in more steps, needs root and makes minimal systems only; what it leaves in them varies from run to run. */
export type BootstrapTool = 'mmdebstrap' | 'debootstrap' | 'pacstrap'

export type BootstrapOptions = {
  /** Default: `mmdebstrap`. */
  readonly tool?: BootstrapTool
  /** Code name or suite, like `bookworm`. */
  readonly release: string
  /** Like `['main', 'contrib']`. */
  readonly components: readonly string[]
  /** Default: `minbase`. */
  readonly variant?: DebianVariant
  /** Further packages, also `name=version` and `name/suite`. */
  readonly include?: readonly string[]
  /** URL of an archive. Default: the distribution's own, with its updates and security updates. */
  readonly mirror?: string
  /** Date of a snapshot, like `20260101T000000Z`: `mirror` is an archive of snapshots, with one below each date. */
  readonly snapshot?: string
  /** File with the keys the archive is signed with. Default: those of this machine, as the release's distribution names them. */
  readonly keyring?: string
  /**
   * Folder in which packages are kept for the next bootstrap; those that no bootstrap used for 30 days are removed. Who can write there
   * decides what is installed: apt compares sizes only.
   */
  readonly packageCache?: string
  /** No file is younger than this; seconds since the epoch. */
  readonly sourceDateEpoch: number
  /** Where the tar goes; it appears there complete or not at all. */
  readonly output: string
  /** Receives a line for each thing the bootstrap begins to do, and its warnings. */
  readonly onProgress?: (line: string) => void
  readonly signal?: AbortSignal
  /** Directory for the unpacked root, which other users must be able to enter. Default: the system's temporary directory. */
  readonly temporary?: string
  /** Directories of the programs. Default: those of a Debian system. */
  readonly searchPath?: readonly string[]
  /** Further environment of the bootstrap, like `http_proxy`. Nothing else is passed on. */
  readonly environment?: Readonly<Record<string, string>>
}

const name = /^[a-z][a-z0-9-]*$/
const component = /^[a-z0-9][a-z0-9./-]*$/
const snapshotDate = /^\d{8}T\d{6}Z$/
/** mmdebstrap and the shell of its hooks take other characters apart. */
const plainPath = /^\/[\w./@+-]+$/
const packageName = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+|\/[a-z][a-z0-9-]*)?$/

/**
 * Refuses what mmdebstrap or apt would take for something else than a name: options, files, patterns.
 *
 * @throws VmError 'invalid-options' naming every problem
 */
export function checkOptions(options: BootstrapOptions): void {
  const {
    release,
    components,
    variant,
    include = [],
    mirror,
    snapshot,
    keyring,
    packageCache,
    sourceDateEpoch,
  } = options
  const problems = [
    ...(name.test(release) ? [] : [`release ${JSON.stringify(release)} is not a code name`]),
    ...(components.length > 0 ? [] : ['components are missing']),
    ...components
      .filter((text) => !component.test(text))
      .map((text) => `component ${JSON.stringify(text)} is not a name`),
    ...(variant === undefined || variants.includes(variant)
      ? []
      : [`variant "${variant}" is not one of ${variants.join(', ')}`]),
    ...include.filter((text) => !packageName.test(text)).map((text) => `package ${JSON.stringify(text)} is not a name`),
    ...(mirror === undefined || isArchive(mirror) ? [] : ['mirror is not a URL without a password and blanks']),
    ...(snapshot === undefined || snapshotDate.test(snapshot)
      ? []
      : [`snapshot ${JSON.stringify(snapshot)} is not a time like "20260101T000000Z"`]),
    ...(snapshot === undefined || mirror !== undefined ? [] : ['snapshot has no mirror it is of']),
    ...pathProblems('keyring', keyring),
    ...pathProblems('packageCache', packageCache),
    ...(options.tool === 'debootstrap' && variant !== undefined && variant !== 'minbase'
      ? [`variant "${variant}" is none that debootstrap makes here`]
      : []),
    ...(Number.isSafeInteger(sourceDateEpoch) && sourceDateEpoch >= 0 && sourceDateEpoch < 2 ** 33
      ? []
      : ['sourceDateEpoch is not a time']),
  ]
  if (problems.length > 0)
    throw new VmError('invalid-options', `bootstrap: ${problems.join(', ')}; correct the options`)
}

function pathProblems(option: string, path: string | undefined): string[] {
  if (path === undefined || plainPath.test(path)) return []
  return [`${option} ${JSON.stringify(path)} is not an absolute path of letters, digits and "./@+-_"`]
}

/** A password would end up in the image, in the list of sources; a blank or a line end would begin another word or line of it. */
function isArchive(mirror: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(mirror)) return false
  const url = URL.parse(mirror)
  return (
    url !== null && ['http:', 'https:', 'file:'].includes(url.protocol) && url.password === '' && url.username === ''
  )
}
