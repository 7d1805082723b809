import { resolve } from 'node:path'
import { PipelineError } from '@tf-images/pipeline'
import { resolveLock } from '@tf-images/pipeline/lock'
import {
  compareLock,
  compareLockOffline,
  formatLockDifference,
  LOCK_FILE,
  type LockDifference,
  loadRecipes,
  readLock,
  SNAPSHOT_DATE,
  writeLock,
} from '@tf-images/recipe'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = {
  readonly root: string
  readonly registry?: string
  readonly platform: string
  readonly refresh?: boolean
  readonly snapshot?: string
  readonly json?: boolean
}

export function defineLock(command: Command, context: CommandContext): void {
  lockOptions(command)
    .option(
      '--snapshot <date>',
      'take packages as of this date, like 20240131T000000Z, where bases have snapshots',
      snapshotDate,
    )
    .option('--refresh', 'load every download again that has its hash in the lock')
    .addHelpText(
      'after',
      `
Writes ${LOCK_FILE}: the digests of bases, versions of snippets, hashes of downloads. A download of which a snippet
says no sha256 is loaded once; what its server gives then is what every build has to get.
What can not be reached stays as it was locked; then this ends with 1.`,
    )
    .action(async (options: Options) => {
      const downloads = options.refresh ? 'all' : 'new'
      const { root, lock, differences, problems } = await compareWithWorld(options, downloads, context)
      if (differences.length > 0) await writeLock(root, lock)
      const rest = problems.length > 0 ? `${LOCK_FILE} has all but what is told below` : `${LOCK_FILE} is up to date`
      const text = differences.length > 0 ? `${LOCK_FILE} is written:\n${linesOf(differences)}` : rest
      printResult(context, options.json, { changed: differences, problems }, text)
      refuseProblems(problems)
    })
}

export function defineOutdated(command: Command, context: CommandContext): void {
  lockOptions(command)
    .addHelpText('after', '\nExits with 3 when something moved.')
    .action(async (options: Options) => {
      const { differences, problems } = await compareWithWorld(options, 'none', context)
      printResult(context, options.json, { outdated: differences, problems }, linesOf(differences))
      refuseProblems(problems)
      if (differences.length > 0) throw new Difference(`${differences.length} not as locked; to take it: flist lock`)
    })
}

function lockOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--registry <prefix>', 'where images are; by default what recipes.yaml says').env('FLIST_REGISTRY'),
    )
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--platform <os/arch>', 'platform whose bases are pinned', hostPlatform())
    .option('--json', 'print it as JSON')
}

async function compareWithWorld(
  { root: folder, registry, platform, snapshot }: Options,
  downloads: 'none' | 'new' | 'all',
  { signal, progress }: CommandContext,
) {
  const root = resolve(folder)
  const recipes = await loadRecipes(root)
  const before = (await readLock(root)) ?? { bases: {}, snippets: {}, downloads: {} }
  const credentials = dockerCredentials
  const settings = {
    registry: registry ?? recipes.registry,
    platform,
    credentials,
    before,
    downloads,
    progress,
    signal,
  }
  const { lock, problems } = await resolveLock(recipes, { ...settings, ...(snapshot ? { snapshot } : {}) })
  const unknown = compareLockOffline(lock, recipes).filter(({ place }) => place !== undefined)
  const shown = downloads === 'none' ? unknown : []
  return { root, lock, differences: [...compareLock(before, lock), ...shown], problems }
}

function snapshotDate(text: string): string {
  if (!SNAPSHOT_DATE.test(text)) throw new InvalidArgumentError('A date is written like 20240131T000000Z.')
  return text
}

function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new PipelineError('not-reached', problems.join('\n'))
}

function linesOf(differences: readonly LockDifference[]): string {
  return differences.map(formatLockDifference).join('\n')
}
