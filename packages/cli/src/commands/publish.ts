import { basename } from 'node:path'
import { openChunkStore } from '@tf-images/flist'
import { formatBytes, PhaseRunner, publishFlist } from '@tf-images/pipeline'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { type HubOptionValues, hubOptions, hubSettings } from '../settings.ts'

type Options = HubOptionValues & {
  readonly chunks: string
  readonly name?: string
  readonly link: string
  readonly json?: boolean
}

export function definePublish(command: Command, context: CommandContext): void {
  command
    .argument('<flist>', 'path of the flist')
    .requiredOption('--chunks <store>', 'chunk store that has its chunks')
    .requiredOption('--link <name>', 'the name users follow, for example nginx.flist')
    .option('--name <name>', 'the immutable name on the hub; by default the file’s')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  FLIST_HUB_TOKEN=… flist publish nginx-1a2b3c.flist --chunks ./chunks --link nginx.flist',
    )
  hubOptions(command).action((flist: string, options: Options) => publish(flist, options, context))
}

async function publish(flist: string, options: Options, context: CommandContext): Promise<void> {
  const settings = await hubSettings(options)
  const chunks = await openChunkStore(options.chunks, { signal: context.signal })
  try {
    const name = options.name ?? basename(flist)
    const phases = new PhaseRunner(name, context.progress)
    const publication = await publishFlist(
      { flist, chunks, name, link: options.link },
      settings,
      phases,
      context.signal,
    )
    const { url, linkUrl, newChunks, sentBytes } = publication
    printResult(
      context,
      options.json,
      publication,
      `${url}\n${linkUrl}\n${newChunks} new chunks, ${formatBytes(sentBytes)} sent`,
    )
  } finally {
    await chunks.close()
  }
}
