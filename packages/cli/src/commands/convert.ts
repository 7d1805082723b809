import { openChunkStore } from '@tf-images/flist'
import {
  type ConvertLimits,
  convertSource,
  formatBytes,
  openSource,
  PhaseRunner,
  parseBackend,
} from '@tf-images/pipeline'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'
import { parseCount, parseSize } from '../size-option.ts'

type Options = {
  readonly output: string
  readonly chunks: string
  readonly platform: string
  readonly image?: string
  readonly backend?: string
  readonly startupToml?: boolean
  readonly maxSize?: number
  readonly maxRatio?: number
  readonly maxEntries?: number
  readonly json?: boolean
}

export function addConvert(program: Command, context: CommandContext): void {
  program
    .command('convert')
    .description('convert an image, an archive of one, a directory or a tar of a root file system to a flist')
    .argument(
      '<source>',
      'image reference, directory, root tar (plain, gzip, zstd), docker save archive or OCI layout (directory or tar)',
    )
    .requiredOption('-o, --output <file>', 'the flist to write')
    .requiredOption('--chunks <dir>', 'chunk store: a directory, or zdb://host:port/namespace')
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .option('--image <name>', 'which image of an archive or layout: name:tag, or any name and @sha256:…')
    .option('--backend <url>', 'recorded in the flist: where its chunks can be read, zdb://host:port/namespace')
    .option('--max-size <bytes>', 'refuse a source whose files have more bytes, e.g. 20G (default: 1T)', parseSize)
    .option(
      '--max-ratio <times>',
      'refuse a source with more than 8G of files that have this many times its size (default: 200)',
      parseCount,
    )
    .option('--max-entries <count>', 'refuse a layer with more entries (default: 2000000)', parseCount)
    .option('--startup-toml', 'add /.startup.toml for runtimes that start from it')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist convert nginx:1.27 --output nginx.flist --chunks ./chunks\n  flist convert saved.tar --image nginx:1.27 --output nginx.flist --chunks ./chunks\n  flist convert ./rootfs --output root.flist --chunks ./chunks',
    )
    .action((source: string, options: Options) => convert(source, options, context))
}

async function convert(name: string, options: Options, context: CommandContext): Promise<void> {
  const { signal } = context
  const store = await openChunkStore(options.chunks, { signal })
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
        })
        try {
          return await convertSource(source, options.output, store, {
            signal,
            onBytes: (bytes) => report.update(formatBytes(bytes)),
            ...(options.backend ? { backend: parseBackend(options.backend) } : {}),
            limits: limitsOf(options),
            ...(options.startupToml ? { startupToml: true } : {}),
          })
        } finally {
          await source.close()
        }
      },
      ({ files, bytes }) => `${files} files, ${formatBytes(bytes)}`,
    )
    const { uniqueChunks, newChunks, newBytes, treeHash } = conversion
    const text = `${options.output}\n  chunks     ${uniqueChunks} unique, ${newChunks} new in the store (${formatBytes(newBytes)})\n  tree hash  ${treeHash}`
    printResult(context, options.json, conversion, text)
  } finally {
    await store.close()
  }
}

function limitsOf({ maxSize, maxRatio, maxEntries }: Options): ConvertLimits {
  return {
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(maxRatio === undefined ? {} : { maxRatio }),
    ...(maxEntries === undefined ? {} : { maxEntries }),
  }
}
