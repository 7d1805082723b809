import type { DockerfileLine, RunCommand } from './dockerfile.ts'
import { runLines } from './dockerfile.ts'
import type { PackageManager } from './package-manager.ts'
import type { Location } from './problem.ts'

/** The build argument that brings the date of a snapshot from the lock. */
export const SNAPSHOT_ARGUMENT = 'SNAPSHOT'

/** Where a package manager reads its sources, and what else it reads them from, which goes. */
const SOURCES: Readonly<Partial<Record<PackageManager, { readonly file: string; readonly others?: string }>>> = {
  apt: { file: '/etc/apt/sources.list', others: '/etc/apt/sources.list.d/*' },
  apk: { file: '/etc/apk/repositories' },
  pacman: { file: '/etc/pacman.d/mirrorlist' },
}

/**
 * Makes a stage take its packages from an archive as it was at a date: the lines are the package manager's own, and `{date}`
 * in them is what the lock says, or `{year}`, `{month}` and `{day}` its parts. They stay in the image, so that what is
 * installed on top of it fits.
 */
export function snapshotLines(
  lines: readonly string[],
  manager: PackageManager,
  base: string,
  origin: Location,
): DockerfileLine[] {
  const sources = SOURCES[manager]
  if (!sources) return []
  const texts = lines.map((line) => `"${lineText(line)}"`)
  const remedy = `${origin.file}: no date of the packages for ${base}; build with flist, after: flist lock`
  const command = (text: string): RunCommand => ({ text, compound: false, origins: [origin] })
  return [
    { text: '# Packages as they were at the date that recipes.lock.yaml has', origin },
    { text: `ARG ${SNAPSHOT_ARGUMENT}`, origin },
    ...runLines([
      command(`: "\${${SNAPSHOT_ARGUMENT}:?${remedy}}"`),
      ...(sources.others ? [command(`rm -f ${sources.others}`)] : []),
      command(`printf '%s\\n' ${texts.join(' ')} > ${sources.file}`),
    ]),
  ]
}

/** What stands for the date and its parts: shell that a double-quoted word can have. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['{date}', `\${${SNAPSHOT_ARGUMENT}}`],
  ['{year}', `$(printf %.4s "$${SNAPSHOT_ARGUMENT}")`],
  ['{month}', `$(printf %.2s "\${${SNAPSHOT_ARGUMENT}#????}")`],
  ['{day}', `$(printf %.2s "\${${SNAPSHOT_ARGUMENT}#??????}")`],
])

/** A line between double quotes. What pacman fills in, with a "$", is not the shell's. */
function lineText(line: string): string {
  return line.replaceAll(/\$|\{[a-z]+\}/g, (found) => PARTS.get(found) ?? `\\${found}`)
}
