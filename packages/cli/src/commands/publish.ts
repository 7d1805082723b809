import { basename } from 'node:path'
import { openChunkStore } from '@tf-images/flist'
import {
  formatBytes,
  formatPlan,
  PhaseRunner,
  type Publication,
  type PublishRequest,
  storageMarkdown,
} from '@tf-images/pipeline'
import { parseRoute, previewPublication, publishFlist } from '@tf-images/pipeline/publishing'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { type HubOptionValues, hubOptions, hubSettings } from '../settings.ts'

type Options = HubOptionValues & {
  readonly chunks: string
  readonly name?: string
  readonly link: readonly string[]
  readonly route: string
  readonly replace?: boolean
  readonly dryRun?: boolean
  readonly markdown?: boolean
  readonly json?: boolean
}

export function definePublish(command: Command, context: CommandContext): void {
  command
    .argument('<flist>', 'path of the flist')
    .requiredOption('--chunks <store>', 'chunk store that has its chunks')
    .requiredOption('--link <name...>', 'the names users follow, in the order in which they move')
    .option('--name <name>', 'the immutable name on the hub; by default the file’s')
    .option(
      '--route <route>',
      'native: chunks and flist; archive: a tar that the hub converts; auto: native where the gateway answers',
      'native',
    )
    .option('--replace', 'replace what is at the name although it has other content')
    .option('--dry-run', 'print the plan and what would be stored; write nothing')
    .option('--markdown', 'print the storage report as a Markdown table')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  FLIST_HUB_TOKEN=… flist publish nginx-1a2b3c4d5e6f.flist --chunks ./chunks --link nginx.flist
  flist publish nginx-1a2b3c4d5e6f.flist --chunks ./chunks --link nginx.flist --dry-run
  flist publish out.flist --name nginx-1.27-1a2b3c4d5e6f.flist --chunks ./chunks --link nginx-1.27.flist nginx.flist`,
    )
  hubOptions(command).action((flist: string, options: Options) => publish(flist, options, context))
}

async function publish(flist: string, options: Options, context: CommandContext): Promise<void> {
  const settings = await hubSettings(options)
  const route = parseRoute(options.route)
  const chunks = await openChunkStore(options.chunks, { create: false, signal: context.signal })
  try {
    const name = options.name ?? basename(flist)
    const { dryRun = false, markdown = false, replace = false, link: links } = options
    const request: PublishRequest = { flist, chunks, name, links, route, replace, fullReport: dryRun || markdown }
    const phases = new PhaseRunner(name, context.progress)
    if (dryRun) {
      const plan = await previewPublication(request, settings, phases, context.signal)
      const text = markdown ? storageMarkdown(name, plan.storage) : formatPlan(plan)
      return printResult(context, options.json, plan, text)
    }
    const publication = await publishFlist(request, settings, phases, context.signal)
    const text = markdown ? storageMarkdown(name, publication.storage) : describe(publication)
    printResult(context, options.json, publication, text)
  } finally {
    await chunks.close()
  }
}

function describe({ outcome, reason, url, linkUrls, storage, sentBytes }: Publication): string {
  const sent = `${storage.toSend.chunks} new chunks, ${formatBytes(sentBytes)} sent`
  return [`${outcome}: ${reason}`, url, ...linkUrls, sent].join('\n')
}
