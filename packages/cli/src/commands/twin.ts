import { readFile } from 'node:fs/promises'
import { chunkId } from '@tf-images/flist'
import { startTwin } from '@tf-images/twin'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { inspectFlist } from '../flist-inspection.ts'

type Options = {
  readonly root: string
  readonly seedFile: string
  readonly port: string
  readonly gatewayPort: string
  readonly backendPort: string
  readonly json?: boolean
}

export function defineTwin(command: Command, context: CommandContext): void {
  command
    .option('--root <dir>', 'folder that keeps flists and chunks', '.flist/hub')
    .requiredOption('--seed-file <path>', 'file with 32 bytes in hex: the seed of the token key')
    .option('--port <number>', 'HTTP port', '8077')
    .option('--gateway-port <number>', 'port of the chunk gateway', '9980')
    .option('--backend-port <number>', 'port of the chunk backend', '9900')
    .option('--json', 'print the addresses as JSON')
    .addHelpText('after', '\nExample:\n  head -c 32 /dev/urandom | xxd -p -c 64 > seed; flist twin --seed-file seed')
    .action((options: Options) => serve(options, context))
}

async function serve(options: Options, context: CommandContext): Promise<void> {
  const seed = Buffer.from((await readFile(options.seedFile, 'utf8')).trim(), 'hex')
  const twin = await startTwin({
    root: options.root,
    seed,
    httpPort: Number(options.port),
    gatewayPort: Number(options.gatewayPort),
    backendPort: Number(options.backendPort),
    inspectFlist,
    chunkId,
  })
  const addresses = { url: twin.url, gateway: twin.gateway, backend: twin.backend }
  printResult(context, options.json, addresses, `hub ${twin.url}`)
  await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve(), { once: true }))
  await twin.close()
}
