import { hostname } from 'node:os'
import { examine } from '@tf-images/pipeline/contract/examine'
import { type BootMode, commandWords } from '@tf-images/vm'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { formatExamination } from '../examination-text.ts'
import { Difference } from '../exit-codes.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = {
  readonly as?: BootMode
  readonly entrypoint?: string
  readonly chunks?: string
  readonly platform: string
  readonly fix?: boolean
  readonly json?: boolean
}

export function defineDoctor(command: Command, context: CommandContext): void {
  command
    .argument('<source>', 'flist (path or http(s) address), directory, root tar or image')
    .addOption(new Option('--as <mode>', 'what it is to be started as').choices(['container', 'vm', 'image']))
    .option(
      '--entrypoint <command>',
      'command of the deployment; of a container by default that of the flist or the image',
    )
    .option('--chunks <store>', 'of a flist: a directory or zdb://host:port/namespace; by default its own backend')
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .option('--fix', 'in a directory: fix what can be fixed without taking a decision for its owner')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist doctor ./rootfs --as vm --fix\n  flist doctor https://hub.grid.tf/tf-official-apps/nginx.flist\n  flist doctor nginx:1.27 --entrypoint "/usr/sbin/nginx -g \'daemon off;\'"\n\nExits with 3 when there are errors. Reads only what it needs of a flist.',
    )
    .action((source: string, options: Options) => doctor(source, options, context))
}

async function doctor(source: string, options: Options, context: CommandContext): Promise<void> {
  const { as, entrypoint, chunks, platform, fix } = options
  const examination = await examine(source, {
    platform,
    credentials: dockerCredentials,
    signal: context.signal,
    buildHost: hostname(),
    ...(as ? { expected: as } : {}),
    ...(entrypoint === undefined ? {} : { entrypoint: commandWords(entrypoint) }),
    ...(chunks === undefined ? {} : { chunks }),
    ...(fix ? { fix } : {}),
  })
  printResult(context, options.json, examination, formatExamination(source, examination))
  if (examination.errors > 0) {
    const { errors } = examination
    throw new Difference(
      `${source}: ${errors === 1 ? '1 error' : `${errors} errors`}; zos would not start it as it should`,
    )
  }
}
