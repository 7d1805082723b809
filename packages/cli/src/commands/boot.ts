import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { formatBytes, formatSeconds, PipelineError, parseSize, type StartReport } from '@tf-images/pipeline'
import { startSource } from '@tf-images/pipeline/contract/start'
import {
  type BootCheck,
  type ConsoleLine,
  commandWords,
  junitReport,
  type SshAccess,
  sshArguments,
} from '@tf-images/vm'
import { type Command, Option } from 'commander'
import { attachConsole } from '../attached-console.ts'
import { chunkFolder, kernelFolder } from '../cache-folders.ts'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { argument } from '../limit-options.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'
import { visibleText } from '../visible-text.ts'

type Options = {
  readonly entrypoint?: string
  readonly env: readonly string[]
  readonly command: readonly string[]
  readonly port: readonly string[]
  readonly file: readonly string[]
  readonly service: readonly string[]
  readonly expect?: string
  readonly memory?: string
  readonly cpus?: string
  readonly disk?: string
  readonly timeout?: string
  readonly chunks?: string
  /** False for `--no-cache`. */
  readonly cache: string | false
  readonly cacheSize: number
  readonly platform: string
  readonly kernels: string
  readonly kernelPackage?: string
  readonly follow?: boolean
  readonly console?: boolean
  readonly ssh?: boolean
  readonly junit?: string
  readonly log?: string
  readonly json?: boolean
}

const repeated = (flags: string, description: string) =>
  new Option(flags, description)
    .default([], 'none')
    .argParser((value: string, all: readonly string[]) => [...all, value])

export function defineBoot(command: Command, context: CommandContext): void {
  command
    .argument('<source>', 'flist (path or http(s) address), directory, root tar or image')
    .option(
      '--entrypoint <command>',
      'command of the deployment; of a container by default that of the flist or the image',
    )
    .addOption(repeated('--env <name=value>', 'environment of the deployment; may be repeated'))
    .addOption(repeated('--command <command>', 'check: a shell command that ends with 0; may be repeated'))
    .addOption(repeated('--port <number>', 'check: something listens on this TCP port; may be repeated'))
    .addOption(repeated('--file <path>', 'check: there is such a file; may be repeated'))
    .addOption(repeated('--service <unit>', 'check: a unit of systemd is active; may be repeated'))
    .option('--expect <text>', 'not ready before this is on the console')
    .option('--memory <MiB>', 'by default 1024 for a machine with its own kernel, 512 for a container')
    .option('--disk <GiB>', 'size of the disk that an image.raw is copied to; by default 4, or what it needs')
    .option('--cpus <number>', 'processors of the machine; by default 2')
    .option('--timeout <seconds>', 'by default 15 minutes with emulated processors, 4 with KVM, less for a container')
    .option('--chunks <store>', 'of a flist: a directory or zdb://host:port/namespace; by default its own backend')
    .option('--cache <folder>', 'where chunks that are fetched from elsewhere are kept', chunkFolder())
    .option('--no-cache', 'fetch every chunk again')
    .addOption(
      new Option('--cache-size <bytes>', 'what the cache may have, e.g. 20G; what was not used for long goes')
        .default(8e9, '8G')
        .argParser(argument(parseSize)),
    )
    .option('--platform <os/arch>', 'which image of an index', hostPlatform())
    .option('--kernels <folder>', 'where the kernel of containers is kept', kernelFolder())
    .option('--kernel-package <name>', 'the distribution’s package with the kernel of containers')
    .option('--follow', 'show the console while it starts')
    .addOption(
      new Option(
        '--console',
        'attach to its console; Ctrl-] detaches, and it is switched off when it is ready',
      ).conflicts(['ssh', 'follow']),
    )
    .option('--ssh', 'when it is ready, log in; it is switched off when you leave')
    .option('--log <file>', 'write the console with its times to a file')
    .option('--junit <file>', 'write a JUnit report')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  sudo ./flist boot ./rootfs --service ssh --command "cloud-init status --wait"\n  sudo ./flist boot alpine:3.20 --entrypoint "/bin/busybox sleep 1000"\n  sudo ./flist boot https://hub.grid.tf/tf-official-vms/ubuntu-24.04.flist --ssh\n\nExits with 3 when it does not start or a check does not pass.',
    )
    .action((source: string, options: Options) => boot(source, options, context))
}

async function boot(source: string, options: Options, context: CommandContext): Promise<void> {
  const { entrypoint, expect, memory, cpus, disk, timeout, chunks, kernelPackage } = options
  const attached = options.console ? attachConsole(process.stdin, context.err) : undefined
  const report = await startSource(source, {
    platform: options.platform,
    credentials: dockerCredentials,
    signal: context.signal,
    kernelCache: options.kernels,
    checks: checksOf(options),
    ...(options.cache === false ? {} : { chunkCache: { folder: options.cache, limit: options.cacheSize } }),
    ...(options.env.length > 0 ? { environment: environmentOf(options.env) } : {}),
    ...(entrypoint === undefined ? {} : { entrypoint: commandWords(entrypoint) }),
    ...(expect === undefined ? {} : { expect }),
    ...(memory === undefined ? {} : { memory: positive('--memory', memory) }),
    ...(cpus === undefined ? {} : { cpus: positive('--cpus', cpus) }),
    ...(disk === undefined ? {} : { diskSize: positive('--disk', disk) * 1024 ** 3 }),
    ...(timeout === undefined ? {} : { timeout: positive('--timeout', timeout) * 1000 }),
    ...(chunks === undefined ? {} : { chunks }),
    ...(kernelPackage === undefined ? {} : { kernelPackage }),
    ...(options.follow ? { onLine: (line) => context.err.write(`${consoleLine(line)}\n`) } : {}),
    ...attached,
    ...(options.ssh ? { login: true, whileReady: logIn } : {}),
  }).finally(() => attached?.detach())
  if (options.log) await writeFile(options.log, report.console.map((line) => `${consoleLine(line)}\n`).join(''))
  if (options.junit) await writeFile(options.junit, junitReport(source, report))
  printResult(context, options.json, report, describe(source, report))
  if (report.outcome !== 'ready') throw new Difference(`${source}: ${report.reason}`)
}

/** A shell in the machine, on this terminal. */
async function logIn(access: SshAccess): Promise<void> {
  const child = spawn('ssh', ['-t', ...sshArguments(access)], { stdio: 'inherit' })
  await once(child, 'close')
}

function checksOf({ command, port, file, service }: Options): BootCheck[] {
  return [
    ...command.map((text) => ({ kind: 'command', command: text }) as const),
    ...port.map((text) => ({ kind: 'port', port: positive('--port', text) }) as const),
    ...file.map((path) => ({ kind: 'file', path }) as const),
    ...service.map((unit) => ({ kind: 'service', service: unit }) as const),
  ]
}

function environmentOf(entries: readonly string[]): Record<string, string> {
  const pairs = entries.map((entry) => {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(entry) ?? []
    if (name === undefined || value === undefined)
      throw new PipelineError('bad-settings', `--env ${JSON.stringify(entry)}: is not name=value; give both`)
    return [name, value] as const
  })
  return Object.fromEntries(pairs)
}

function positive(option: string, text: string): number {
  if (/^[1-9][0-9]{0,6}$/.test(text)) return Number(text)
  throw new PipelineError('bad-settings', `${option} ${JSON.stringify(text)}: is not a positive number; give one`)
}

function describe(source: string, report: StartReport): string {
  const { mode, accelerator, stages, checks, outcome, reason, milliseconds, chunks } = report
  const reached = stages.map(({ stage, at }) => `${stage} ${formatSeconds(at)}`).join(', ')
  const lines = checks.map(({ name, passed, detail }) => (passed ? `passed  ${name}` : `failed  ${name}: ${detail}`))
  // Why it did not start is in what came last.
  const shown = outcome === 'ready' ? [] : report.console.slice(-15).map((line) => `  ${consoleLine(line)}`)
  const end = outcome === 'ready' ? `ready after ${formatSeconds(milliseconds)}` : `${outcome}: ${reason}`
  // What a machine writes is not trusted.
  const all = [
    ...shown,
    ...lines,
    ...(chunks
      ? [`chunks: ${chunks.fetched} fetched (${formatBytes(chunks.fetchedBytes)}), ${chunks.cached} from the cache`]
      : []),
    `${source}: started as ${mode} with ${accelerator.name} (${accelerator.reason}): ${reached}`,
    end,
  ]
  return visibleText(all.join('\n'))
}

function consoleLine({ at, text }: ConsoleLine): string {
  return `[${(at / 1000).toFixed(1).padStart(6)}] ${visibleText(text)}`
}
