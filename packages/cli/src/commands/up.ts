import { resolve } from 'node:path'
import {
  errorText,
  formatReport,
  type ImageFailure,
  type ImageReport,
  PipelineError,
  parseSize,
  type UpOptions,
} from '@tf-images/pipeline'
import { bringUp } from '@tf-images/pipeline/up'
import { loadRecipes } from '@tf-images/recipe'
import { type Command, Option } from 'commander'
import { kernelFolder } from '../cache-folders.ts'
import { type CommandContext, printResult } from '../context.ts'
import { isFrozenByDefault } from '../frozen-default.ts'
import { argument, type LimitOptionValues, limitOptions, limitsOf } from '../limit-options.ts'
import { dockerCredentials, type HubOptionValues, hostPlatform, hubOptions, hubSettings } from '../settings.ts'
import { strictClasses, strictOption } from '../strict-option.ts'

type CommonOptions = {
  readonly root: string
  readonly registry?: string
  readonly work: string
  readonly platform: string
  readonly force?: boolean
  readonly only?: boolean
  readonly dryRun?: boolean
  readonly frozen?: boolean
  readonly minFree?: number
  readonly json?: boolean
}
type UpOptionValues = CommonOptions &
  HubOptionValues &
  LimitOptionValues & {
    readonly boot?: boolean
    readonly gate: boolean
    readonly kernels: string
    readonly startupToml?: boolean
    readonly strict?: string | true
  }

export function defineUp(command: Command, context: CommandContext): void {
  const up = commonOptions(command)
    .option('--startup-toml', 'add /.startup.toml for runtimes that start from it')
    .addOption(
      new Option(
        '--boot',
        'start each converted flist before it is published, as zos does; as root, with QEMU',
      ).conflicts(['gate']),
    )
    .option('--no-gate', 'publish also what breaks the boot contract (flist doctor)')
    .option('--kernels <folder>', 'where the kernel of containers is kept', kernelFolder())
    .addOption(strictOption())
    .addHelpText(
      'after',
      `
Examples:
  npm start                          two images, all on this machine: engine, registry and hub included
  npm start -- nginx --force         one image (and what it is built on), although nothing changed
  FLIST_HUB_TOKEN=… flist up --registry ghcr.io/owner/tf-images
  flist up nginx --strict --max-size 20G

--strict and the limits are for what is converted: an image that is up to date is not, but with --force.`,
    )
  limitOptions(hubOptions(up)).action((images: string[], options: UpOptionValues) =>
    bringUpImages(images, options, context),
  )
}

export function defineBuild(command: Command, context: CommandContext): void {
  commonOptions(command)
    .addHelpText('after', '\nExample:\n  flist build debian-12 nginx --registry ghcr.io/owner/tf-images')
    .action((images: string[], options: CommonOptions) => run(images, options, context, {}))
}

function commonOptions(command: Command): Command {
  return command
    .argument('[images...]', 'images, with those they are built on; all when none is named')
    .addOption(
      new Option('--registry <prefix>', 'where images are pushed; by default what recipes.yaml says').env(
        'FLIST_REGISTRY',
      ),
    )
    .option('--root <dir>', 'folder that has recipes/ and dockerfiles/', '.')
    .option('--work <dir>', 'folder for converted flists, the chunk cache and the layer cache', '.flist')
    .option('--platform <os/arch>', 'platform to build for', hostPlatform())
    .option('--force', 'build although nothing changed')
    .option('--only', 'the named images alone; what they are built on has to be there')
    .option('--frozen', 'refuse what is not as recipes.lock.yaml says; so it is in CI, where there is a lock')
    .option('--no-frozen', 'take what the lock does not know')
    .option(
      '--min-free <bytes>',
      'what has to be free on the disk; by default what base and last build let expect',
      argument(parseSize),
    )
    .option('--dry-run', 'say what would be done and why; do nothing')
    .option('--json', 'print the reports as JSON')
}

async function bringUpImages(
  images: readonly string[],
  options: UpOptionValues,
  context: CommandContext,
): Promise<void> {
  const strict = strictClasses(options.strict)
  const hub = await hubSettings(options)
  await run(images, options, context, {
    hub,
    startupToml: options.startupToml === true,
    limits: limitsOf(options),
    gate: gateOf(options),
    ...(strict ? { strict } : {}),
  })
}

function gateOf({ gate, boot, kernels }: UpOptionValues): NonNullable<UpOptions['gate']> {
  if (!gate) return false
  return boot ? { boot: { kernelCache: resolve(kernels) } } : {}
}

async function run(
  images: readonly string[],
  options: CommonOptions,
  context: CommandContext,
  publishing: Pick<UpOptions, 'hub' | 'startupToml' | 'strict' | 'limits' | 'gate'>,
): Promise<void> {
  const root = resolve(options.root)
  const { DOCKER_HOST } = process.env
  const { reports, failures } = await bringUp({
    root,
    images,
    registry: options.registry ?? (await loadRecipes(root)).registry,
    workFolder: resolve(options.work),
    platform: options.platform,
    credentials: dockerCredentials,
    ...(options.minFree === undefined ? {} : { minFree: options.minFree }),
    progress: context.progress,
    signal: context.signal,
    force: options.force === true,
    only: options.only === true,
    dryRun: options.dryRun === true,
    frozen: options.frozen ?? (await isFrozenByDefault(root)),
    ...publishing,
    ...(DOCKER_HOST ? { dockerHost: DOCKER_HOST } : {}),
  })
  const failed = failures.map(({ image, error }) => {
    const { fidelity, place } = error instanceof PipelineError ? error : {}
    return { image, error: errorText(error), ...(fidelity ? { fidelity } : {}), ...(place ? { place } : {}) }
  })
  printResult(
    context,
    options.json,
    { images: reports, failures: failed },
    reports.map((report) => `\n${formatReport(report)}`).join('\n'),
  )
  if (!options.json && reports.some(({ flistUrl }) => flistUrl)) context.out.write(lookInside(reports))
  if (failures.length > 0) throw failureOf(failures, reports)
}

function lookInside(reports: readonly ImageReport[]): string {
  const [example] = reports.filter(({ status, linkUrl }) => status !== 'planned' && linkUrl).slice(-1)
  if (!example?.linkUrl) return ''
  const commands = [
    `ls ${example.linkUrl} /etc`,
    `cat ${example.linkUrl} /etc/os-release`,
    `extract ${example.linkUrl} ./rootfs`,
  ]
  return `\nLook inside:\n${commands.map((command) => `  ./flist ${command}\n`).join('')}`
}

function failureOf(failures: readonly ImageFailure[], reports: readonly ImageReport[]): Error {
  const lines = failures.map(({ image, error }) => `${image}: ${errorText(error)}`)
  const total = failures.length + reports.length
  const codes = new Set(failures.map(({ error }) => (error instanceof PipelineError ? error.code : undefined)))
  const [only] = codes.size === 1 ? codes : []
  const code = only === 'not-faithful' || only === 'not-bootable' ? only : 'not-published'
  return new PipelineError(code, `${failures.length} of ${total} images failed:\n${lines.join('\n')}`)
}
