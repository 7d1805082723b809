import { resolve } from 'node:path'
import { resolveLock } from '@tf-images/pipeline'
import {
  compareLock,
  formatLockDifference,
  LOCK_FILE,
  type LockDifference,
  loadRecipes,
  readLock,
  writeLock,
} from '@tf-images/recipe'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'
import { dockerCredentials, hostPlatform } from '../settings.ts'

type Options = {
  readonly root: string
  readonly registry?: string
  readonly platform: string
  readonly json?: boolean
}

export function defineLock(command: Command, context: CommandContext): void {
  lockOptions(command)
    .addHelpText('after', `\nWrites ${LOCK_FILE}: the digests of bases, versions of snippets, hashes of downloads.`)
    .action(async (options: Options) => {
      const { root, lock, differences } = await compareWithRegistry(options, context)
      if (differences.length > 0) await writeLock(root, lock)
      const text =
        differences.length > 0 ? `${LOCK_FILE} is written:\n${linesOf(differences)}` : `${LOCK_FILE} is up to date`
      printResult(context, options.json, { changed: differences }, text)
    })
}

export function defineOutdated(command: Command, context: CommandContext): void {
  lockOptions(command)
    .addHelpText('after', '\nExits with 3 when something moved.')
    .action(async (options: Options) => {
      const { differences } = await compareWithRegistry(options, context)
      printResult(context, options.json, { outdated: differences }, linesOf(differences))
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

async function compareWithRegistry({ root: folder, registry, platform }: Options, { signal }: CommandContext) {
  const root = resolve(folder)
  const recipes = await loadRecipes(root)
  const settings = { registry: registry ?? recipes.registry, platform, credentials: dockerCredentials, signal }
  const lock = await resolveLock(recipes, settings)
  const before = (await readLock(root)) ?? { bases: {}, snippets: {}, downloads: {} }
  return { root, lock, differences: compareLock(before, lock) }
}

function linesOf(differences: readonly LockDifference[]): string {
  return differences.map(formatLockDifference).join('\n')
}
