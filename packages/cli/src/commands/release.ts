import { type HubSession, type Promotion, type PruneItem, parseCount, type TagEntry } from '@tf-images/pipeline'
import { promoteFlist, prune, rollBack, tagReleases, untagReleases, withSession } from '@tf-images/pipeline/releases'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { argument } from '../limit-options.ts'
import { type HubOptionValues, hubOptions, hubSettings } from '../settings.ts'

type Options = HubOptionValues & { readonly dryRun?: boolean; readonly json?: boolean }
type RollbackOptions = Options & { readonly to?: string }
type PruneOptions = Options & { readonly keep: number; readonly also?: readonly string[]; readonly yes?: boolean }

export function definePromote(command: Command, context: CommandContext): void {
  command
    .argument('<from>', 'a flist or link of the account, or repository/name, which is copied first')
    .argument('<to>', 'the link to move')
    .addHelpText(
      'after',
      '\nExamples:\n  flist promote nginx-testing nginx\n  flist promote alice.3bot/nginx nginx --dry-run',
    )
  writing(command).action((from: string, to: string, options: Options) =>
    move(options, context, (session, settings) => promoteFlist(session, settings, from, to, dryRun(options))),
  )
}

export function defineRollback(command: Command, context: CommandContext): void {
  command
    .argument('<image>', 'the image, or its link')
    .option('--to <name>', 'another release than the one before; see: flist history')
    .addHelpText(
      'after',
      '\nExamples:\n  flist rollback nginx\n  flist rollback nginx --to nginx-1.26-0a1b2c3d4e5f.flist --dry-run',
    )
  writing(command).action((image: string, options: RollbackOptions) =>
    move(options, context, (session, settings) =>
      rollBack(session, settings, image, { ...dryRun(options), ...(options.to ? { to: options.to } : {}) }),
    ),
  )
}

export function defineTag(command: Command, context: CommandContext): void {
  command
    .argument('<tag>', 'name of the tag')
    .argument('<names...>', 'flists or links of the account')
    .addHelpText('after', '\nExample:\n  flist tag v1.0 nginx debian-12')
  writing(command).action((name: string, names: string[], options: Options) =>
    changeTag(options, context, (session) => tagReleases(session, name, names, dryRun(options))),
  )
}

export function defineUntag(command: Command, context: CommandContext): void {
  command
    .argument('<tag>', 'name of the tag')
    .argument('[names...]', 'names in the tag; all when none is given')
    .addHelpText('after', '\nExamples:\n  flist untag v1.0 nginx\n  flist untag v1.0')
  writing(command).action((name: string, names: string[], options: Options) =>
    changeTag(options, context, (session) => untagReleases(session, name, names, dryRun(options))),
  )
}

export function definePrune(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images to prune; all when none is named')
    .option('--keep <n>', 'how many of the newest releases of each image stay', argument(parseCount), 3)
    .option('--also <repository...>', 'repositories whose links and tags count, beside the account’s own')
    .option('--yes', 'delete; without it nothing is written')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  flist prune\n  flist prune nginx --keep 5 --also tf-official-apps.3bot --yes')
  hubOptions(command).action((images: string[], options: PruneOptions) => pruneReleases(images, options, context))
}

function writing(command: Command): Command {
  return hubOptions(command)
    .option('--dry-run', 'say what would be done; write nothing')
    .option('--json', 'print the result as JSON')
}

function dryRun(options: Options): { dryRun: boolean } {
  return { dryRun: options.dryRun === true }
}

type Settings = Awaited<ReturnType<typeof hubSettings>>

async function move(
  options: Options,
  context: CommandContext,
  body: (session: HubSession, settings: Settings) => Promise<Promotion>,
): Promise<void> {
  const settings = await hubSettings(options)
  const promotion = await withSession(settings, context.signal, (session) => body(session, settings))
  const { steps, link, target } = promotion
  const text = steps.length === 0 ? `${link} leads to ${target} already` : steps.join('\n')
  printResult(context, options.json, promotion, text)
}

async function changeTag(
  options: Options,
  context: CommandContext,
  body: (session: HubSession) => Promise<readonly TagEntry[]>,
): Promise<void> {
  const entries = await withSession(await hubSettings(options), context.signal, body)
  const lines = entries.map(({ tag, name, target }) => `${tag}/${name}  ${target}`)
  printResult(context, options.json, { entries }, lines.join('\n'))
}

async function pruneReleases(images: readonly string[], options: PruneOptions, context: CommandContext): Promise<void> {
  const { keep, also: repositories = [], yes = false } = options
  const items = await withSession(await hubSettings(options), context.signal, (session) =>
    prune(session, { images, keep, repositories, dryRun: !yes }),
  )
  printResult(context, options.json, { deleted: yes, items }, describePruning(items, yes))
}

function describePruning(items: readonly PruneItem[], yes: boolean): string {
  const lines = items.map(({ name, action, why }) => `${action.padEnd(6)}  ${name}  ${why}`)
  const count = items.filter(({ action }) => action === 'delete').length
  const rest = yes || count === 0 ? '' : '; run again with --yes to delete them'
  return [...lines, `${count} of ${items.length} ${yes ? 'deleted' : 'to delete'}${rest}`].join('\n')
}
