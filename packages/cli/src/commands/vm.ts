import { resolve } from 'node:path'
import { formatBytes, formatSeconds, needText, type VmResult } from '@tf-images/pipeline'
import { bringUpVm } from '@tf-images/pipeline/machine'
import { type Command, Option } from 'commander'
import { kernelFolder, packageFolder } from '../cache-folders.ts'
import { type CommandContext, printResult } from '../context.ts'
import { type HubOptionValues, hubOptions, hubSettings } from '../settings.ts'
import { visibleText } from '../visible-text.ts'

type Options = HubOptionValues & {
  readonly root: string
  readonly work: string
  readonly mirror?: string
  readonly snapshot?: string
  readonly keyring?: string
  readonly packages: string
  readonly epoch: string
  readonly kernels: string
  readonly imageRaw?: boolean
  readonly publish: boolean
  readonly follow?: boolean
  readonly json?: boolean
}

/** Time of the files of a machine where none is given: as for base images. */
const defaultEpoch = '1700000000'

export function defineVm(command: Command, context: CommandContext): void {
  command
    .argument('<name>', 'folder below recipes/vms')
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--work <dir>', 'folder for the machine’s tree, its flist and the chunk cache', '.flist')
    .option('--mirror <url>', 'archive of the distribution, or of its snapshots')
    .option('--snapshot <time>', 'one of its snapshots, like 20260101T000000Z')
    .option('--keyring <file>', 'keys the archive is signed with, in place of those that the definition names')
    .option('--packages <folder>', 'where packages are kept', packageFolder())
    .addOption(
      new Option('--epoch <seconds>', 'no file is younger than this').env('SOURCE_DATE_EPOCH').default(defaultEpoch),
    )
    .option('--kernels <folder>', 'where kernels are kept', kernelFolder())
    .option('--image-raw', 'make a disk of it, as NAME-image.flist; says what its files would take instead')
    .option('--no-publish', 'end with a flist that was booted')
    .option('--follow', 'show the console while it starts')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  sudo ./flist vm debian-12 --no-publish\n  sudo -E FLIST_HUB_TOKEN=… ./flist vm debian-12',
    )
  hubOptions(command).action((name: string, options: Options) => makeVm(name, options, context))
}

async function makeVm(name: string, options: Options, context: CommandContext): Promise<void> {
  const { mirror, snapshot, keyring } = options
  const result = await bringUpVm({
    root: resolve(options.root),
    name,
    workFolder: resolve(options.work),
    sourceDateEpoch: Number(options.epoch),
    kernelCache: options.kernels,
    progress: context.progress,
    signal: context.signal,
    environment: proxies(),
    ...(mirror === undefined ? {} : { mirror }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(keyring === undefined ? {} : { keyring: resolve(keyring) }),
    packageCache: resolve(options.packages),
    ...(options.imageRaw ? { imageRaw: true } : {}),
    ...(options.publish ? { hub: await hubSettings(options) } : {}),
    ...(options.follow ? { onConsole: ({ text }) => context.err.write(`${visibleText(text)}\n`) } : {}),
  })
  printResult(context, options.json, result, describe(result))
}

/** A bootstrap gets nothing else of this environment. */
function proxies(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

function describe({ name, conversion, lint, boot, storage, publication, durations }: VmResult): string {
  const { flist, files, bytes, uniqueChunks } = conversion
  const stages = boot.stages.map(({ stage, at }) => `${stage} ${formatSeconds(at)}`).join(', ')
  const times = Object.entries(durations).map(([phase, milliseconds]) => `${phase} ${formatSeconds(milliseconds)}`)
  return [
    name,
    `  flist    ${flist}: ${files} files, ${formatBytes(bytes)}, ${uniqueChunks} chunks`,
    `  kernel   ${lint.kernelRelease}; ${lint.warnings} warnings`,
    ...(storage ? [`  as files ${needText(storage.tree)}`, `  as disk  ${needText(storage.disk)}`] : []),
    `  boot     ${boot.accelerator.name}: ${stages}`,
    ...boot.checks.map((check) => `  passed   ${check.name}`),
    ...(publication
      ? [...publication.linkUrls.map((url) => `  link     ${url}`), `  url      ${publication.url}`]
      : []),
    `  time     ${times.join(', ')}`,
  ].join('\n')
}
