/** What differs between the packages of two systems, by name. */
export type PackageDifference = {
  readonly added: readonly Package[]
  readonly removed: readonly Package[]
  readonly changed: readonly { readonly name: string; readonly from: string; readonly to: string }[]
}

type Package = { readonly name: string; readonly version: string }

/**
 * Reads what a package manager says is installed: dpkg's status file (deb-control(5)), or apk's database of the installed
 * (https://wiki.alpinelinux.org/wiki/Apk_spec). Other texts have no packages.
 *
 * @returns versions by name
 */
export function parsePackages(text: string): ReadonlyMap<string, string> {
  const packages = new Map<string, string>()
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.+)$`, 'm').exec(stanza)?.[1]?.trim()
    const status = field('Status')
    if (status !== undefined && !status.endsWith(' installed')) continue
    const name = field('Package') ?? field('P')
    const version = field('Version') ?? field('V')
    if (name !== undefined && version !== undefined) packages.set(name, version)
  }
  return packages
}

/** Compares versions by name; sorted by name. */
export function comparePackages(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): PackageDifference {
  const listed = (from: ReadonlyMap<string, string>, without: ReadonlyMap<string, string>) =>
    [...from].flatMap(([name, version]) => (without.has(name) ? [] : [{ name, version }])).sort(byName)
  const changed = [...now].flatMap(([name, to]) => {
    const from = before.get(name)
    return from === undefined || from === to ? [] : [{ name, from, to }]
  })
  return { added: listed(now, before), removed: listed(before, now), changed: changed.sort(byName) }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
