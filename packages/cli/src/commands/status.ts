import { resolve } from 'node:path'
import { type History, type ImageStatus, parseCount } from '@tf-images/pipeline'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { argument } from '../limit-options.ts'
import {
  dockerCredentials,
  type HubOptionValues,
  hostPlatform,
  readingOptions,
  readSettings,
  requiredReadSettings,
} from '../settings.ts'

type HubValues = Pick<HubOptionValues, 'hub' | 'hubUser' | 'hubTokenFile'>
type StatusOptions = HubValues & {
  readonly root: string
  readonly registry?: string
  readonly platform: string
  readonly startupToml?: boolean
  readonly json?: boolean
}
type HistoryOptions = HubValues & { readonly limit: number; readonly json?: boolean }

export function defineStatus(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images, with those they are built on; all when none is named')
    .addOption(
      new Option('--registry <prefix>', 'where images are; by default what recipes.yaml says').env('FLIST_REGISTRY'),
    )
    .option('--root <dir>', 'folder that has recipes/ and dockerfiles/', '.')
    .option('--platform <os/arch>', 'platform that was built for', hostPlatform())
    .option('--startup-toml', 'look for flists with /.startup.toml in them')
    .option('--json', 'print the status as JSON')
    .addHelpText(
      'after',
      `
Examples:
  flist status --hub-user tf-official-apps.3bot      no token is needed to look
  flist status nginx --json

Exits with 3 when something is behind, missing or unknown. Without an account flists and links are not looked at.`,
    )
  readingOptions(command).action((images: string[], options: StatusOptions) => showStatus(images, options, context))
}

export function defineHistory(command: Command, context: CommandContext): void {
  command
    .argument('<image>', 'the image, or its link')
    .option('--limit <n>', 'how many', argument(parseCount), 20)
    .option('--json', 'print the releases as JSON')
    .addHelpText('after', '\nExample:\n  flist history nginx --hub-user tf-official-apps.3bot')
  readingOptions(command).action((image: string, options: HistoryOptions) => showHistory(image, options, context))
}

async function showStatus(images: readonly string[], options: StatusOptions, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const hub = await readSettings(options)
  const { readStatus } = await import('@tf-images/pipeline/status')
  const statuses = await readStatus({
    root,
    images,
    platform: options.platform,
    startupToml: options.startupToml === true,
    credentials: dockerCredentials,
    signal: context.signal,
    ...(options.registry === undefined ? {} : { registry: options.registry }),
    ...(hub ? { hub } : {}),
  })
  const behind = statuses.filter(({ ok }) => !ok).map(({ image }) => image)
  const note = hub ? '' : '\nflists and links were not looked at: give --hub-user, or set FLIST_HUB_TOKEN'
  const json = { ok: behind.length === 0, images: statuses }
  printResult(context, options.json, json, statuses.map(describe).join('\n') + note)
  if (behind.length > 0) throw new Difference(`${behind.join(', ')}: not up to date; run: flist up ${behind.join(' ')}`)
}

function describe({ image, stages }: ImageStatus): string {
  return [image, ...stages.map(({ stage, state, text }) => `  ${stage.padEnd(10)}  ${state.padEnd(7)}  ${text}`)].join(
    '\n',
  )
}

async function showHistory(image: string, options: HistoryOptions, context: CommandContext): Promise<void> {
  const settings = await requiredReadSettings(options)
  const { readHistory, withSession } = await import('@tf-images/pipeline/releases')
  const history = await withSession(settings, context.signal, (session) => readHistory(session, image, options.limit))
  printResult(context, options.json, history, describeHistory(history))
}

function describeHistory({ image, account, releases, omitted }: History): string {
  if (releases.length === 0) return `${account} has no release of ${image}`
  const lines = releases.map(({ name, updated, size, links, equalBuilds, digest }) => {
    const time = new Date(updated * 1000).toISOString().slice(0, 16).replace('T', ' ')
    const leading = links.length > 0 ? `  ← ${links.join(', ')}` : ''
    const equal = equalBuilds.length > 0 ? `  = ${equalBuilds.join(', ')}` : ''
    return `${time}  ${size.padStart(11)}  ${name}${digest ? `  ${digest.slice(0, 19)}` : ''}${leading}${equal}`
  })
  return [...lines, ...(omitted > 0 ? [`and ${omitted} older ones`] : [])].join('\n')
}
