import { openChunkStore } from '@tf-images/flist'
import {
  type Conversion,
  type ConvertOptions,
  convertSource,
  formatBytes,
  openSource,
  PhaseRunner,
  parseBackend,
} from '@tf-images/pipeline'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult, toText } from '../context.ts'
import { chooseFormat, outputFormats, routesOf } from '../output-format.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = {
  readonly output: string
  readonly chunks: string
  readonly format?: string
  readonly platform: string
  readonly backend?: string
  readonly startupToml?: boolean
  readonly json?: boolean
}

export function addConvert(program: Command, context: CommandContext): void {
  program
    .command('convert')
    .description('convert an image, a directory, a tar of a root file system or an OCI layout to a flist')
    .argument('<source>', 'image reference, directory, root tar (plain, gzip, zstd) or OCI layout (directory or tar)')
    .requiredOption('-o, --output <file>', 'the flist to write; a .fl where its name ends so')
    .requiredOption('--chunks <dir>', 'chunk store: a directory, or zdb://host:port/namespace')
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .addOption(
      new Option('--format <format>', 'flist, or fl for rfs; by default what the name says').choices(outputFormats),
    )
    .option('--backend <url>', 'recorded in the flist: where its chunks can be read, zdb://host:port/namespace')
    .option('--startup-toml', 'add /.startup.toml for runtimes that start from it')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist convert nginx:1.27 --output nginx.flist --chunks ./chunks\n  flist convert ./rootfs --output root.flist --chunks ./chunks\n  flist convert nginx:1.27 --output nginx.fl --chunks dir:///srv/chunks',
    )
    .action((source: string, options: Options) => convert(source, options, context))
}

async function convert(name: string, options: Options, context: CommandContext): Promise<void> {
  const { signal } = context
  const isFl = chooseFormat(options.output, options.format) === 'fl'
  const location = isFl ? { fl: { routes: routesOf(options.chunks, options.backend) } } : flistBackend(options)
  const store = await openChunkStore(options.chunks, { signal })
  try {
    const phases = new PhaseRunner(options.output, context.progress)
    const conversion = await phases.run(
      'convert',
      `converting ${name}`,
      async (report) => {
        const source = await openSource(name, { platform: options.platform, credentials: dockerCredentials, signal })
        try {
          return await convertSource(source, options.output, store, {
            signal,
            onBytes: (bytes) => report.update(formatBytes(bytes)),
            ...location,
            ...(options.startupToml ? { startupToml: true } : {}),
          })
        } finally {
          await source.close()
        }
      },
      ({ files, bytes }) => `${files} files, ${formatBytes(bytes)}`,
    )
    const { uniqueChunks, newChunks, newBytes, treeHash } = conversion
    const lines = `${options.output}\n  chunks     ${uniqueChunks} unique, ${newChunks} new in the store (${formatBytes(newBytes)})\n  tree hash  ${treeHash}`
    printResult(context, options.json, conversion, [lines, ...unreadableLines(conversion)].join('\n'))
  } finally {
    await store.close()
  }
}

function flistBackend({ backend }: Options): Pick<ConvertOptions, 'backend'> {
  return backend ? { backend: parseBackend(backend) } : {}
}

/** Names rfs fails at; the `.fl` has them exactly. */
function unreadableLines(conversion: Conversion): string[] {
  if (!('unreadableNames' in conversion) || conversion.unreadableNames.length === 0) return []
  const [first = ''] = conversion.unreadableNames
  const count = conversion.unreadableNames.length
  return [`  names      ${count} not UTF-8, whose directories rfs cannot list; the first is /${toText(first)}`]
}
