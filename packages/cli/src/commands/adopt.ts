import { readFile, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { PipelineError } from '@tf-images/pipeline'
import { loadRecipes, renderImage } from '@tf-images/recipe'
import {
  type Adopted,
  adoptDockerfile,
  checkContext,
  contextReader,
  copyContext,
  createImage,
  proveAdoption,
} from '@tf-images/recipe/authoring'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'

type Options = { readonly root: string; readonly name?: string; readonly json?: boolean }

export function defineAdopt(command: Command, context: CommandContext): void {
  command
    .argument('<dockerfile>', 'the Dockerfile; its folder is its build context')
    .option('--name <name>', 'of the image; by default that of the folder')
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--json', 'print what became of every instruction as JSON')
    .addHelpText('after', '\nExample:\n  flist adopt ../shop/Dockerfile --name shop')
    .action((dockerfile: string, options: Options) => adopt(dockerfile, options, context))
}

async function adopt(dockerfile: string, options: Options, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const folder = dirname(resolve(dockerfile))
  const name = options.name ?? basename(folder)
  const text = await readDockerfile(dockerfile)
  const adoption = await adoptDockerfile(await loadRecipes(root), name, dockerfile, text, contextReader(folder))
  // First, for it may refuse: nothing is half adopted.
  if (adoption.needsContext) await checkContext(folder)
  const file = await createImage(root, name, adoption.image, adoption.comments)
  try {
    if (adoption.needsContext) await copyContext(root, name, folder)
    proveAdoption(renderImage(await loadRecipes(root), name), adoption)
  } catch (error) {
    await discard(join(root, file), adoption.needsContext)
    throw error
  }
  const { accounts } = adoption
  printResult(context, options.json, { file, accounts }, [file, ...accounts.map(accountText)].join('\n'))
}

/** @throws PipelineError 'bad-settings' */
async function readDockerfile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new PipelineError('bad-settings', `"${path}": can not be read (${code}); name a Dockerfile`, { cause: error })
  }
}

/** Takes back a definition that would keep all recipes from being read; other files of its folder stay. */
async function discard(file: string, withContext: boolean): Promise<void> {
  const folder = dirname(file)
  await rm(file, { force: true })
  if (withContext) await rm(join(folder, 'context'), { recursive: true, force: true })
  await rmdir(folder).catch(() => {})
}

function accountText({ line, keyword, became, snippet }: Adopted): string {
  const start = `  line ${line}, ${keyword}:`
  if (became === 'nothing') return `${start} left out, nothing of the image comes from its stage`
  if (became === 'snippets') return `${start} the snippet "${snippet}" does it now, and cleans up after its packages`
  const hint = snippet === undefined ? '' : `; the snippet "${snippet}" installs the same`
  return `${start} ${became === 'dockerfile' ? 'kept as it is' : `now "${became}"`}${hint}`
}
