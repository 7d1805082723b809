import { checkFlist } from '@tf-images/flist'
import { openFlistAt } from '@tf-images/pipeline'
import type { Command } from 'commander'
import { type CommandContext, printResult, toText } from '../context.ts'
import { Difference } from '../exit-codes.ts'

type Options = { readonly chunks?: string; readonly contents?: boolean; readonly json?: boolean }

export function addCheck(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description('check a flist: its records, and that the store has every chunk')
    .argument('<flist>', 'path of a flist, or its http(s) address on a hub')
    .option(
      '--chunks <store>',
      'chunk store: a directory or zdb://host:port/namespace; by default the flist’s own backend',
    )
    .option('--contents', 'also read every chunk and compare its hashes')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist check nginx.flist --chunks ./chunks --contents\n\nExits with 3 when there are problems.',
    )
    .action((location: string, options: Options) => check(location, options, context))
}

async function check(location: string, options: Options, context: CommandContext): Promise<void> {
  await using opened = await openFlistAt(location, options.chunks)
  const report = await checkFlist(opened.flist, await opened.chunks(), {
    contents: options.contents === true,
    signal: context.signal,
  })
  const { problems, omittedProblems, summary } = report
  const total = problems.length + omittedProblems
  const counts = summary
    ? [`${summary.files} files, ${summary.directories} directories, ${summary.uniqueChunks} chunks`]
    : []
  const problemLines = problems.map(({ path, message }) => `/${toText(path)}: ${message}`)
  printResult(
    context,
    options.json,
    report,
    [...problemLines, ...counts, total === 0 ? 'no problem' : `${total} problems`].join('\n'),
  )
  if (!report.ok) throw new Difference(`${location}: ${total} problems; convert and publish it again`)
}
