import { extractFlist } from '@tf-images/flist'
import { formatBytes } from '@tf-images/pipeline'
import { openFlistAt } from '@tf-images/pipeline/reading'
import type { Command } from 'commander'
import { type CommandContext, printResult, toText } from '../context.ts'

type Options = { readonly chunks?: string; readonly json?: boolean }

export function defineExtract(command: Command, context: CommandContext): void {
  command
    .argument('<flist>', 'path of a flist, or its http(s) address on a hub')
    .argument('[path]', 'directory to write to; must be empty or not exist', './rootfs')
    .option(
      '--chunks <store>',
      'chunk store: a directory or zdb://host:port/namespace; by default the flist’s own backend',
    )
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  sudo flist extract nginx.flist ./rootfs --chunks ./chunks\n\nAs root it restores owners, modes, times, devices and links; otherwise it says what it left out.',
    )
    .action((location: string, target: string, options: Options) => extract(location, target, options, context))
}

async function extract(location: string, target: string, options: Options, context: CommandContext): Promise<void> {
  await using opened = await openFlistAt(location, options.chunks)
  const report = await extractFlist(opened.flist, await opened.chunks(), target, { signal: context.signal })
  const { files, directories, symlinks, specials, bytes, skipped, omittedSkips } = report
  const left = skipped.map(({ kind, path, reason }) => `left out ${kind} /${toText(path)}: ${reason}`)
  const more = omittedSkips > 0 ? [`left out ${omittedSkips} more`] : []
  const done = `${target}: ${files} files, ${directories} directories, ${symlinks} links, ${specials} devices; ${formatBytes(bytes)}`
  printResult(context, options.json, report, [...left, ...more, done].join('\n'))
}
