import { differenceText, formatBytes, PhaseRunner, type Verification } from '@tf-images/pipeline'
import { openSource } from '@tf-images/pipeline/conversion'
import { openFlistAt } from '@tf-images/pipeline/reading'
import { verifyFlist } from '@tf-images/pipeline/verification'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { type LimitOptionValues, limitOptions, limitsOf } from '../limit-options.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = LimitOptionValues & {
  readonly platform: string
  readonly image?: string
  readonly chunks?: string
  readonly contents?: boolean
  readonly json?: boolean
}

export function defineVerify(command: Command, context: CommandContext): void {
  limitOptions(command)
    .argument('<flist>', 'path of a flist, or its http(s) address on a hub')
    .argument(
      '<source>',
      'image reference, directory, root tar (plain, gzip, zstd), docker save archive or OCI layout (directory or tar)',
    )
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .option('--image <name>', 'which image of an archive or layout: name:tag, or any name and @sha256:…')
    .option('--contents', 'also read every chunk and compare it')
    .option(
      '--chunks <store>',
      'with --contents: a directory or zdb://host:port/namespace; by default the flist’s own backend',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist verify nginx.flist nginx:1.27\n  flist verify https://hub.grid.tf/tf-official-apps/nginx.flist nginx:1.27 --contents\n\nExits with 3 when there are differences.',
    )
    .action((location: string, source: string, options: Options) => verify(location, source, options, context))
}

async function verify(location: string, name: string, options: Options, context: CommandContext): Promise<void> {
  const { signal } = context
  await using opened = await openFlistAt(location, options.chunks)
  const chunks = options.contents ? { contents: await opened.chunks() } : {}
  const phases = new PhaseRunner(location, context.progress)
  const verification = await phases.run(
    'check',
    `comparing with ${name}`,
    async ({ update }) => {
      const source = await openSource(name, {
        platform: options.platform,
        credentials: dockerCredentials,
        signal,
        ...(options.image === undefined ? {} : { image: options.image }),
      })
      try {
        return await verifyFlist(opened.flist, source, {
          onBytes: (bytes) => update(formatBytes(bytes)),
          limits: limitsOf(options),
          signal,
          ...chunks,
        })
      } finally {
        await source.close()
      }
    },
    ({ entries, bytes }) => `${entries} entries, ${formatBytes(bytes)}`,
  )
  const total = verification.differences.length + verification.omittedDifferences
  printResult(context, options.json, verification, describe(verification, total))
  if (!verification.equal) throw new Difference(`${location}: ${differencesText(total)} from ${name}; convert it again`)
}

function describe({ differences, omittedDifferences, entries, bytes }: Verification, total: number): string {
  const lines = differences.map(differenceText)
  const more = omittedDifferences > 0 ? [`and ${omittedDifferences} more`] : []
  const compared = `${entries} entries, ${formatBytes(bytes)} compared`
  return [...lines, ...more, `${compared}: ${total === 0 ? 'no difference' : differencesText(total)}`].join('\n')
}

function differencesText(total: number): string {
  return total === 1 ? '1 difference' : `${total} differences`
}
