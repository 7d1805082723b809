import { quoteName, type TarPosition, tarError } from './error.ts'
import { limitError } from './tar-limits.ts'

/** How names of entries are taken. */
export type PathRules = {
  /**
   * A leading slash means the root of the image. Real layers have such names (distroless images built with Bazel,
   * nix2container, kaniko's root entry), and Docker, containerd and umoci all read them so. Otherwise they are refused.
   */
  readonly absoluteNames: boolean
  /** Components of one path at most. */
  readonly depth: number
}

/**
 * The path of an entry in the tree: relative, without `.`, repeated and trailing slashes; the root is `''`. A `..` is
 * refused wherever it stands, even where it would not leave the root.
 *
 * @throws RootfsError `path`
 */
export function entryPath(name: string, rules: PathRules, at: TarPosition): string {
  if (name.startsWith('/') && !rules.absoluteNames) {
    throw tarError('path', at, 'its name is absolute; archive the root with relative names (tar -C ROOT -c .)')
  }
  return cleanPath(name, rules, at, 'its name')
}

/**
 * The path a hard link points to. Targets are names in the archive; some tools write them from the root, so that a
 * leading slash means the root of the image in every case (kaniko; Docker does the same).
 */
export function hardlinkTarget(linkName: string, rules: PathRules, at: TarPosition): string {
  return cleanPath(linkName, rules, at, `its hard link target ${quoteName(linkName)}`)
}

function cleanPath(name: string, { depth }: PathRules, at: TarPosition, what: string): string {
  const components = name.split('/').filter((component) => component !== '' && component !== '.')
  if (components.includes('..')) {
    throw tarError('path', at, `${what} has a ".." component; images must not point out of their root, rebuild it`)
  }
  if (components.length > depth) {
    throw limitError(at, `${what} has ${components.length} components`, depth)
  }
  return components.join('/')
}
