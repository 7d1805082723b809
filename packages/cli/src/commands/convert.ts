import { openChunkStore } from '@tf-images/flist'
import { convertSource, formatBytes, openSource, PhaseRunner, parseBackend } from '@tf-images/pipeline'
import { type Command, InvalidArgumentError } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = {
  readonly output: string
  readonly chunks: string
  readonly platform: string
  readonly backend?: string
  readonly startupToml?: boolean
  readonly workers?: number
  readonly json?: boolean
}

export function addConvert(program: Command, context: CommandContext): void {
  program
    .command('convert')
    .description('convert an image, a directory, a tar of a root file system or an OCI layout to a flist')
    .argument('<source>', 'image reference, directory, root tar (plain, gzip, zstd) or OCI layout (directory or tar)')
    .requiredOption('-o, --output <file>', 'the flist to write')
    .requiredOption('--chunks <dir>', 'chunk store: a directory, or zdb://host:port/namespace')
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .option('--backend <url>', 'recorded in the flist: where its chunks can be read, zdb://host:port/namespace')
    .option('--startup-toml', 'add /.startup.toml for runtimes that start from it')
    .option('--workers <n>', 'threads that encode; one per processor, at most 3, unless given', wholeNumber)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist convert nginx:1.27 --output nginx.flist --chunks ./chunks\n  flist convert ./rootfs --output root.flist --chunks ./chunks',
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
        const source = await openSource(name, { platform: options.platform, credentials: dockerCredentials, signal })
        try {
          return await convertSource(source, options.output, store, {
            signal,
            onBytes: (bytes) => report.update(formatBytes(bytes)),
            ...(options.backend ? { backend: parseBackend(options.backend) } : {}),
            ...(options.startupToml ? { startupToml: true } : {}),
            ...(options.workers === undefined ? {} : { workers: options.workers }),
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

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 64) throw new InvalidArgumentError('give a number from 0 to 64')
  return number
}
