import { resolve } from 'node:path'
import { parseCount } from '@tf-images/pipeline'
import { planImages } from '@tf-images/pipeline/planning'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { isFrozenByDefault } from '../frozen-default.ts'
import { argument } from '../limit-options.ts'
import { planText } from '../plan-text.ts'
import { dockerCredentials, type HubOptionValues, hostPlatform, readingOptions, readSettings } from '../settings.ts'

type Options = Pick<HubOptionValues, 'hub' | 'hubUser' | 'hubTokenFile'> & {
  readonly root: string
  readonly registry?: string
  readonly platform: string
  readonly only?: boolean
  readonly since?: string
  readonly force?: boolean
  readonly frozen?: boolean
  readonly startupToml?: boolean
  readonly legs: number
  readonly waves?: number
  readonly check?: boolean
  readonly json?: boolean
}

export function definePlan(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images, with those they are built on; all when none is named')
    .addOption(
      new Option('--registry <prefix>', 'where images are; by default what recipes.yaml says').env('FLIST_REGISTRY'),
    )
    .option('--only', 'the named images alone; what they are built on has to be there')
    .option('--since <ref>', 'only what is touched by files that changed since this commit, and what is on top of it')
    .option('--force', 'plan to build although nothing changed')
    .option('--frozen', 'block what is not as recipes.lock.yaml says; so it is in CI, where there is a lock')
    .option('--no-frozen', 'take what the lock does not know')
    .option('--startup-toml', 'plan for flists with /.startup.toml in them')
    .option('--legs <n>', 'pack the work into so many legs at most', argument(parseCount), 256)
    .option('--waves <n>', 'let so many waves of legs follow each other at most', argument(parseCount))
    .option('--check', 'exit with 3 when something is to do, or blocked')
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--platform <os/arch>', 'platform to build for', hostPlatform())
    .option('--json', 'print the plan as JSON')
    .addHelpText(
      'after',
      `
Examples:
  flist plan                                   what flist up would do, and why
  flist plan --since origin/main --json        for a workflow: what a branch touches, in legs
  flist plan nginx --hub-user tf-official-apps.3bot      no token is needed to look

Does nothing, and needs no engine. Without an account flists and links are not looked at.`,
    )
  readingOptions(command).action((images: string[], options: Options) => plan(images, options, context))
}

async function plan(images: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const hub = await readSettings(options)
  const { since, waves, legs, platform } = options
  const found = await planImages({
    root,
    images,
    platform,
    credentials: dockerCredentials,
    only: options.only === true,
    force: options.force === true,
    frozen: options.frozen ?? (await isFrozenByDefault(root)),
    startupToml: options.startupToml === true,
    limits: { legs, ...(waves === undefined ? {} : { waves }) },
    signal: context.signal,
    ...(since === undefined ? {} : { since }),
    ...(options.registry === undefined ? {} : { registry: options.registry }),
    ...(hub ? { hub } : {}),
  })
  printResult(context, options.json, found, planText(found))
  const open = found.images.filter(({ action }) => action !== 'nothing').map(({ name }) => name)
  if (options.check && open.length > 0)
    throw new Difference(`${open.length} of ${found.images.length} are not up to date`)
}
