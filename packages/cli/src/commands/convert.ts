import { openChunkStore } from '@tf-images/flist'
import {
  type Conversion,
  type ConvertOptions,
  formatBytes,
  formatFidelity,
  formatLayers,
  PhaseRunner,
  PipelineError,
  parseBackend,
} from '@tf-images/pipeline'
import { convertSource, openLayerCache, openSource } from '@tf-images/pipeline/conversion'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { layerCacheFolder } from '../layer-cache-folder.ts'
import { type LimitOptionValues, limitOptions, limitsOf } from '../limit-options.ts'
import { chooseFormat, outputFormats, routesOf } from '../output-format.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'
import { strictClasses, strictOption } from '../strict-option.ts'

type Options = LimitOptionValues & {
  readonly output: string
  readonly chunks: string
  readonly format?: string
  /** False for `--no-cache`. */
  readonly cache?: string | false
  readonly platform: string
  readonly image?: string
  readonly backend?: string
  readonly startupToml?: boolean
  readonly imageRaw?: boolean
  readonly strict?: string | true
  readonly workers?: number
  readonly json?: boolean
}

export function defineConvert(command: Command, context: CommandContext): void {
  limitOptions(command)
    .argument(
      '<source>',
      'image reference, directory, root tar (plain, gzip, zstd), docker save archive, OCI layout (directory or tar) or qcow2 disk image',
    )
    .requiredOption('-o, --output <file>', 'the flist to write; a .fl where its name ends so')
    .requiredOption('--chunks <dir>', 'chunk store: a directory, or zdb://host:port/namespace')
    .option(
      '--cache <dir>',
      'layers of images converted before; by default <chunks>/layers, none where the chunk store is no directory',
    )
    .option('--no-cache', 'convert every layer again')
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .addOption(
      new Option('--format <format>', 'flist, or fl for rfs; by default what the name says').choices(outputFormats),
    )
    .option('--image <name>', 'which image of an archive or layout: name:tag, or any name and @sha256:…')
    .option('--backend <url>', 'recorded in the flist: where its chunks can be read, zdb://host:port/namespace')
    .option('--startup-toml', 'add /.startup.toml for runtimes that start from it')
    .option('--image-raw', 'take a disk image (image.raw, or a qcow2, which becomes one); refused otherwise')
    .addOption(strictOption())
    .option('--workers <n>', 'threads that encode; one per further processor, at most 3, unless given', wholeNumber)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist convert nginx:1.27 --output nginx.flist --chunks ./chunks\n  flist convert saved.tar --image nginx:1.27 --output nginx.flist --chunks ./chunks\n  flist convert ./rootfs --output root.flist --chunks ./chunks\n  flist convert nginx:1.27 --output nginx.fl --chunks dir:///srv/chunks\n  flist convert debian.qcow2 -o debian.flist --chunks ./chunks --image-raw\n  flist convert nginx:1.27 -o nginx.flist --chunks ./chunks --strict=file-capabilities,hard-link\n\nExits with 3, and writes no flist, when --strict finds something.',
    )
    .action((source: string, options: Options) => convert(source, options, context))
}

async function convert(name: string, options: Options, context: CommandContext): Promise<void> {
  const { signal } = context
  const format = chooseFormat(options.output, options.format)
  const isFl = format === 'fl'
  const location = isFl ? { fl: { routes: routesOf(options.chunks, options.backend) } } : flistBackend(options)
  const strict = strictClasses(options.strict, format)
  const store = await openChunkStore(options.chunks, { signal })
  const cacheFolder = layerCacheFolder(options.chunks, options.cache)
  try {
    const phases = new PhaseRunner(options.output, context.progress)
    const conversion = await phases.run(
      'convert',
      `converting ${name}`,
      async (report) => {
        const source = await openSource(name, {
          platform: options.platform,
          credentials: dockerCredentials,
          signal,
          ...(options.image ? { image: options.image } : {}),
          ...largestDisk(options),
        })
        try {
          return await convertSource(source, options.output, store, {
            signal,
            ...(cacheFolder ? { layerCache: openLayerCache(cacheFolder) } : {}),
            onBytes: (bytes) => report.update(formatBytes(bytes)),
            ...location,
            limits: limitsOf(options),
            ...(options.startupToml ? { startupToml: true } : {}),
            ...(options.imageRaw ? { imageRaw: true } : {}),
            ...(strict ? { strict } : {}),
            ...(options.workers === undefined ? {} : { workers: options.workers }),
          })
        } finally {
          await source.close()
        }
      },
      ({ files, bytes, layers }) => `${files} files, ${formatBytes(bytes)}${layers ? `; ${formatLayers(layers)}` : ''}`,
    )
    printResult(context, options.json, conversion, describe(conversion))
  } catch (error) {
    if (options.json && error instanceof PipelineError && error.fidelity)
      printResult(context, true, { fidelity: error.fidelity }, '')
    throw error
  } finally {
    await store.close()
  }
}

/** The raw disk is written before anything of it is counted. */
function largestDisk(options: LimitOptionValues): { readonly largestDisk?: number } {
  const { maxSize } = limitsOf(options)
  return maxSize === undefined ? {} : { largestDisk: maxSize }
}

function flistBackend({ backend }: Options): Pick<ConvertOptions, 'backend'> {
  return backend ? { backend: parseBackend(backend) } : {}
}

function describe(conversion: Conversion): string {
  const { flist, uniqueChunks, newChunks, newBytes, layers, treeHash, contentHash, fidelity } = conversion
  return [
    flist,
    `  chunks     ${uniqueChunks} unique, ${newChunks} new in the store (${formatBytes(newBytes)})`,
    ...(layers ? [`  layers     ${formatLayers(layers)}`] : []),
    `  tree hash  ${treeHash}`,
    `  no times   ${contentHash}`,
    ...formatFidelity(fidelity)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `  ${line}`),
  ].join('\n')
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 64) throw new InvalidArgumentError('give a number from 0 to 64')
  return number
}
