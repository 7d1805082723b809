import { VmError } from './errors.ts'

/** Package sets of mmdebstrap, smallest first; `minbase` is what container images are made of. */
export type DebianVariant = 'essential' | 'apt' | 'minbase' | 'important' | 'standard'

const variants: readonly string[] = ['essential', 'apt', 'minbase', 'important', 'standard'] satisfies DebianVariant[]

export type BootstrapOptions = {
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
const packageName = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+|\/[a-z][a-z0-9-]*)?$/

/**
 * Refuses what mmdebstrap or apt would take for something else than a name: options, files, patterns.
 *
 * @throws VmError 'invalid-options' naming every problem
 */
export function checkOptions(options: BootstrapOptions): void {
  const { release, components, variant, include = [], mirror, sourceDateEpoch } = options
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
    ...(mirror === undefined || isArchive(mirror) ? [] : ['mirror is not a URL without a password']),
    ...(Number.isSafeInteger(sourceDateEpoch) && sourceDateEpoch >= 0 && sourceDateEpoch < 2 ** 33
      ? []
      : ['sourceDateEpoch is not a time']),
  ]
  if (problems.length > 0)
    throw new VmError('invalid-options', `bootstrap: ${problems.join(', ')}; correct the options`)
}

/** A password would end up in the image, in the list of sources. */
function isArchive(mirror: string): boolean {
  const url = URL.parse(mirror)
  return (
    url !== null && ['http:', 'https:', 'file:'].includes(url.protocol) && url.password === '' && url.username === ''
  )
}
