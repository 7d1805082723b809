import { checkFlist, type FlistReport } from '@tf-images/flist'
import { openFlistAt } from '@tf-images/pipeline/reading'
import type { Command } from 'commander'
import { type CommandContext, innerPath, printResult, toText } from '../context.ts'
import { Difference } from '../exit-codes.ts'

type Options = { readonly chunks?: string; readonly contents?: boolean; readonly json?: boolean }

export function defineCheck(command: Command, context: CommandContext): void {
  command
    .argument('<flist>', 'path of a flist, or its http(s) address on a hub')
    .argument('[path]', 'report only what is at this path or below it', '/')
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
    .action((location: string, path: string, options: Options) => check(location, path, options, context))
}

async function check(location: string, path: string, options: Options, context: CommandContext): Promise<void> {
  await using opened = await openFlistAt(location, options.chunks)
  const { contents = false } = options
  const whole = await checkFlist(opened.flist, await opened.chunks(), { contents, signal: context.signal })
  const top = innerPath(path)
  const report = { ...whole, problems: whole.problems.filter((problem) => isBelow(problem.path, top)) }
  // Where the omitted ones are is not known, so they count.
  const total = report.problems.length + report.omittedProblems
  printResult(context, options.json, { ...report, ok: total === 0 }, describeReport(report, total))
  if (total > 0) throw new Difference(`${location}: ${total} problems; convert and publish it again`)
}

function isBelow(path: string, top: string): boolean {
  return top === '' || path === top || path.startsWith(`${top}/`)
}

function describeReport({ problems, summary }: FlistReport, total: number): string {
  const lines = problems.map(({ path, message }) => `/${toText(path)}: ${message}`)
  if (summary) lines.push(`${summary.files} files, ${summary.directories} directories, ${summary.uniqueChunks} chunks`)
  return [...lines, total === 0 ? 'no problem' : `${total} problems`].join('\n')
}
