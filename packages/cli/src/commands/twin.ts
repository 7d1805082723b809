import { chunkId } from '@tf-images/flist'
import { parseCount } from '@tf-images/pipeline'
import { mintToken, startTwin, type TwinOptions } from '@tf-images/twin'
import { type Command, InvalidArgumentError } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { inspectFlist } from '../flist-inspection.ts'
import { flistMaker } from '../flist-making.ts'
import { argument } from '../limit-options.ts'
import { readSecretFile } from '../secret-file.ts'

type Options = {
  readonly root: string
  readonly seedFile: string
  readonly host: string
  readonly publicHost?: string
  readonly port: number
  readonly gatewayPort: number
  readonly backendPort: number
  readonly strict?: boolean
  readonly readonly?: boolean
  readonly tokenLifetime?: number
  readonly activeUser?: Readonly<Record<string, string>>
  readonly official?: readonly string[]
  readonly tokenFor?: string
  readonly json?: boolean
}

export function defineTwin(command: Command, context: CommandContext): void {
  command
    .option('--root <dir>', 'folder that keeps flists and chunks', '.flist/hub')
    .requiredOption('--seed-file <path>', 'file with 32 bytes in hex: the seed of the token key')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--public-host <name>', 'name under which others reach it; recorded in the flists it makes')
    .option('--port <number>', 'HTTP port', parsePort, 8077)
    .option('--gateway-port <number>', 'port of the chunk gateway', parsePort, 9980)
    .option('--backend-port <number>', 'port of the chunk backend', parsePort, 9900)
    .option('--strict', 'proper errors and single-step replacements instead of the quirks of a 0-hub')
    .option('--readonly', 'refuse every call that needs a token')
    .option('--token-lifetime <seconds>', 'refuse older tokens; by default they never expire', argument(parseCount))
    .option('--active-user <repository=user>', 'lets a user write to a repository; may be repeated', addActiveUser)
    .option('--official <repository...>', 'repositories to list as official')
    .option('--token-for <user>', 'print a token of this user, and serve nothing')
    .option('--json', 'print the addresses as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  head -c 32 /dev/urandom | xxd -p -c 64 > seed; flist twin --seed-file seed\n  flist twin --seed-file seed --token-for alice.3bot > token\n  flist twin --seed-file seed --strict --host 0.0.0.0 --public-host hub.example.org',
    )
    .action((options: Options) => run(options, context))
}

async function run(options: Options, context: CommandContext): Promise<void> {
  const seed = Buffer.from(await readSecretFile(options.seedFile, '--seed-file'), 'hex')
  if (options.tokenFor === undefined) return serve(options, seed, context)
  const token = mintToken(seed, options.tokenFor)
  printResult(context, options.json, { user: options.tokenFor, token }, token)
}

async function serve(options: Options, seed: Uint8Array, context: CommandContext): Promise<void> {
  const twin = await startTwin({ ...twinOptions(options), seed, inspectFlist, flistMaker, chunkId })
  const addresses = { url: twin.url, gateway: twin.gateway, backend: twin.backend }
  printResult(context, options.json, addresses, `hub ${twin.url}`)
  await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }))
  await twin.close()
}

function twinOptions(options: Options): Omit<TwinOptions, 'seed' | 'inspectFlist' | 'chunkId'> {
  const { root, host, publicHost, strict, readonly, tokenLifetime, activeUser, official } = options
  return {
    root,
    host,
    httpPort: options.port,
    gatewayPort: options.gatewayPort,
    backendPort: options.backendPort,
    ...(publicHost === undefined ? {} : { publicHost }),
    ...(strict === undefined ? {} : { strict }),
    ...(readonly === undefined ? {} : { readonly }),
    ...(tokenLifetime === undefined ? {} : { tokenLifetime }),
    ...(activeUser === undefined ? {} : { activeUsers: activeUser }),
    ...(official === undefined ? {} : { official }),
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('give a port; 0 takes any free one')
  return port
}

function addActiveUser(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [repository, user, ...rest] = text.split('=')
  if (!repository || !user || rest.length > 0) throw new InvalidArgumentError('give REPOSITORY=USER')
  return { ...before, [repository]: user }
}
