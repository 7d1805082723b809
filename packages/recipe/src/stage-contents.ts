import type { RunCommand } from './dockerfile.ts'
import type { LocatedText } from './image-contents.ts'
import { installCommands, type PackageManager } from './package-manager.ts'
import type { Location, Report } from './problem.ts'
import { quoteArgument } from './shell.ts'
import type { LocatedTemplate } from './snippet.ts'
import type { DownloadDefinition } from './stage.ts'
import type { Architecture } from './stage-schema.ts'

/** A file or folder that is copied out of a stage. */
export type StageCopy = { readonly from: string; readonly to: string; readonly origin: Location }

/** A stage in front of the image, with the values in. */
export type StageContents = {
  readonly name: string
  readonly origin: Location
  /** Names of the build arguments it needs, and what looks that they are given, before anything is loaded. */
  readonly args: readonly LocatedText[]
  readonly guards: readonly RunCommand[]
  /** What is loaded into it from the network: `text` is the URL. */
  readonly add: readonly (LocatedText & { readonly to: string })[]
  readonly commands: readonly RunCommand[]
  readonly copy: readonly StageCopy[]
}

/** A file from the network with its values in; what a lock pins. */
export type Download = {
  readonly url: string
  /** As the snippet says; absent where it leaves that to the lock. */
  readonly sha256?: string
  /** The build argument that brings the hash from the lock, where the snippet says none. */
  readonly argument?: string
  readonly architecture: Architecture
  readonly target: string
  /** Where the snippet has the URL. */
  readonly origin: Location
}

/** What `uname -m` calls the architectures of OCI platforms. */
const MACHINES: Readonly<Record<Architecture, string>> = { amd64: 'x86_64', arm64: 'aarch64' }

const URL_RULE = 'a URL of http or https, of letters, digits and ._~:/?@&+,;=%-'

/** Puts the values into the declared downloads. */
export function evaluateDownloads(
  snippet: string,
  downloads: readonly DownloadDefinition[],
  render: (template: LocatedTemplate) => string,
  report: Report,
): Download[] {
  return downloads.flatMap(({ target, variants }, index) =>
    [...variants].map(([architecture, { url, sha256 }]) => {
      const hash = sha256 ? { sha256: render(sha256) } : { argument: hashArgument(snippet, index, architecture) }
      const download: Download = { url: render(url), ...hash, architecture, target, origin: url.location }
      if (!/^https?:\/\/[A-Za-z0-9._~:/?@&+,;=%-]+$/.test(download.url)) {
        report(url.location, `${JSON.stringify(download.url)} is no place to load from: ${URL_RULE}`)
      }
      if (sha256 && download.sha256 !== undefined && !/^[0-9a-f]{64}$/.test(download.sha256)) {
        report(sha256.location, `${JSON.stringify(download.sha256)} is no SHA-256: 64 hexadecimal digits in lower case`)
      }
      return download
    }),
  )
}

/** What the argument is called that has the hash of a download. No two downloads of an image share a name. */
function hashArgument(snippet: string, index: number, architecture: Architecture): string {
  const separators: Readonly<Record<string, string>> = { '-': '_', _: '__', '.': '___' }
  const name = snippet.replaceAll(/[-_.]/g, (separator) => separators[separator] ?? '')
  return `SHA256_${name}_${index + 1}_${architecture}`.toUpperCase()
}

/**
 * The stage that loads and checks the downloads of a snippet. `ADD --checksum` is BuildKit's alone; a plain ADD into a stage
 * of its own needs no tool in the image, leaves no second copy in a layer, and the check works with every builder. The files
 * of all architectures are checked, and that of the machine is taken.
 */
export function downloadStage(
  snippet: string,
  definitions: readonly DownloadDefinition[],
  downloads: readonly Download[],
  manager: PackageManager,
): StageContents | undefined {
  const [first] = definitions
  if (first === undefined) return undefined
  const files = definitions.map((definition, index) => {
    const own = downloads.filter(({ target }) => target === definition.target)
    return {
      definition,
      own,
      result: `/checked/${index}`,
      fileOf: ({ architecture }: Download) => `/loaded/${index}-${architecture}`,
    }
  })
  return {
    name: stageName(snippet, 'downloads'),
    origin: first.location,
    args: downloads.flatMap(({ argument, origin }) => (argument === undefined ? [] : [{ text: argument, origin }])),
    guards: downloads.flatMap(guardCommands),
    add: files.flatMap(({ own, fileOf }) =>
      own.map((download) => ({ text: download.url, to: fileOf(download), origin: download.origin })),
    ),
    commands: [
      ...unzipCommands(definitions, manager),
      ...files.flatMap(({ definition, own, result, fileOf }) => {
        const checks = own.map((download) => `echo ${hashLine(download, fileOf(download))} | sha256sum -c -`)
        const takes = takeCommands(
          definition,
          result,
          own.map((download) => [MACHINES[download.architecture], fileOf(download)]),
        )
        return [...checks, ...takes].map((text) => ({ text, compound: false, origins: [definition.location] }))
      }),
    ],
    copy: files.map(({ definition, result }) => ({
      from: definition.archive ? `${result}/` : result,
      to: definition.archive ? `${definition.target}/` : definition.target,
      origin: definition.location,
    })),
  }
}

/** tar and what it needs is in every base, unzip is not. */
function unzipCommands(definitions: readonly DownloadDefinition[], manager: PackageManager): RunCommand[] {
  const zip = definitions.find(({ archive }) => archive?.format === 'zip')
  return zip ? installCommands(manager, [{ text: 'unzip', origin: zip.location }], []) : []
}

/** Says what to do where a hash of the lock is not given; neither the URL nor a path holds what a shell would read. */
function guardCommands({ argument, url, origin }: Download): RunCommand[] {
  if (argument === undefined) return []
  const remedy = `${origin.file}: no sha256 of ${url}; build with flist, after: flist lock`
  return [{ text: `: "\${${argument}:?${remedy}}"`, compound: false, origins: [origin] }]
}

function hashLine({ sha256, argument }: Download, file: string): string {
  return argument === undefined ? `'${sha256}  ${file}'` : `"\${${argument}}  ${file}"`
}

/** The name of a stage in the Dockerfile; names of stages start with a letter, those of snippets need not. */
export function stageName(snippet: string, stage: string): string {
  return `${stage}-of-${snippet}`
}

function takeCommands(
  { mode, archive }: DownloadDefinition,
  result: string,
  choices: readonly (readonly [machine: string, file: string])[],
): string[] {
  const machines = choices.map(([machine, file]) => `${machine}) file=${quoteArgument(file)} ;;`)
  const other = `*) echo "no download for $(uname -m)" >&2; exit 1 ;;`
  const choose = `case "$(uname -m)" in ${[...machines, other].join(' ')} esac`
  if (!archive) return [choose, `install -D -m ${mode.toString(8).padStart(4, '0')} "$file" ${result}`]
  const { format, strip } = archive
  const stripped = strip > 0 ? ` --strip-components=${strip}` : ''
  const unpack = {
    tar: `tar -xf "$file" -C ${result} --no-same-owner${stripped}`,
    zip: `unzip -q "$file" -d ${result}`,
  }
  return [choose, `mkdir -p ${result}`, unpack[format]]
}
