import type { PackageManager } from './package-manager.ts'
import type { Location, Report } from './problem.ts'
import type { Compiler, LocatedTemplate } from './snippet.ts'
import type { SnippetYaml } from './snippet-schema.ts'
import type { Architecture } from './stage-schema.ts'
import type { YamlSource } from './yaml-source.ts'

/** A file from the network as a snippet declares it. */
export type DownloadDefinition = {
  readonly target: string
  readonly variants: ReadonlyMap<Architecture, { readonly url: LocatedTemplate; readonly sha256?: LocatedTemplate }>
  /** Permission bits of a file. */
  readonly mode: number
  /** Of an archive to unpack. */
  readonly archive?: { readonly format: 'tar' | 'zip' /** Leading folders to leave out. */; readonly strip: number }
  readonly location: Location
}

/** A stage of the build, of which only some files reach the image. */
export type StageDefinition = {
  readonly name: string
  readonly packages: ReadonlyMap<PackageManager, readonly LocatedTemplate[]>
  readonly run: readonly LocatedTemplate[]
  readonly copy: readonly { readonly from: string; readonly to: string; readonly location: Location }[]
  readonly location: Location
}

export function readDownloads({ downloads }: SnippetYaml, source: YamlSource, compile: Compiler): DownloadDefinition[] {
  return (downloads ?? []).map(({ target, architectures, mode, unpack }, index) => {
    const path = ['downloads', index]
    const variants = Object.entries(architectures).flatMap(([architecture, { url, sha256 }]) => {
      const at = [...path, 'architectures', architecture]
      const [urlText] = compile('text', [url], [...at, 'url'], true)
      const [hashText] = sha256 === undefined ? [] : compile('text', [sha256], [...at, 'sha256'], true)
      if (!urlText) return []
      return [[architecture as Architecture, { url: urlText, ...(hashText ? { sha256: hashText } : {}) }] as const]
    })
    return {
      target,
      variants: new Map(variants),
      mode: Number.parseInt(mode ?? '0644', 8),
      ...(unpack ? { archive: { format: unpack.format ?? 'tar', strip: unpack.strip ?? 0 } } : {}),
      location: source.at([...path, 'target']),
    }
  })
}

export function readStages(
  { stages }: SnippetYaml,
  source: YamlSource,
  compile: Compiler,
  report: Report,
): StageDefinition[] {
  const names = new Set<string>()
  return (stages ?? []).map(({ name, packages, run, copy }, index) => {
    const path = ['stages', index]
    const location = source.at([...path, 'name'])
    if (names.has(name)) report(location, `stage "${name}" is listed twice`, 'rename one of the two')
    names.add(name)
    const managers = Object.entries(packages ?? {}) as [PackageManager, string[] | undefined][]
    return {
      name,
      packages: new Map(
        managers.map(([manager, names]) => [manager, compile('text', names ?? [], [...path, 'packages', manager])]),
      ),
      run: compile('step', run, [...path, 'run']),
      copy: copy.map((entry, position) => ({ ...entry, location: source.at([...path, 'copy', position, 'to']) })),
      location,
    }
  })
}
