import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { PipelineError } from '@tf-images/pipeline'
import { loadRecipes } from '@tf-images/recipe'
import { createImage, createSnippet } from '@tf-images/recipe/authoring'
import { type Command, Option } from 'commander'
import { type CommandContext, printResult } from '../context.ts'

type Options = {
  readonly root: string
  readonly description?: string
  readonly base?: string
  readonly supervisor?: string
  readonly snippet: readonly string[]
  readonly package: readonly string[]
  readonly json?: boolean
}

export function defineNew(command: Command, context: CommandContext): void {
  const several = (value: string, before: readonly string[]) => [...before, value]
  command
    .argument('<kind>', '"image" or "snippet"')
    .argument('<name>', 'its name, which is that of its folder')
    .option('--description <text>', 'what it is for; asked for in a terminal')
    .option('--base <name>', 'of an image: a base of recipes.yaml, or an image to build on; asked for in a terminal')
    .option('--supervisor <name>', 'of an image: what starts its services')
    .addOption(new Option('--snippet <name>', 'of an image: a snippet; can be repeated').argParser(several).default([]))
    .addOption(
      new Option('--package <name>', 'of a snippet: a package of apt; can be repeated').argParser(several).default([]),
    )
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  flist new image shop --base nginx --description "The shop" --snippet cron')
    .action((kind: string, name: string, options: Options) => create(kind, name, options, context))
}

async function create(kind: string, name: string, options: Options, context: CommandContext): Promise<void> {
  if (kind !== 'image' && kind !== 'snippet') {
    throw new PipelineError('bad-settings', `"${kind}" is nothing to make; write "image" or "snippet"`)
  }
  const root = resolve(options.root)
  const recipes = await loadRecipes(root)
  const description = options.description ?? (await ask('description', 'What is it for? ', context))
  if (kind === 'snippet') {
    const file = await createSnippet(root, name, { description, packages: options.package })
    return printResult(context, options.json, { file }, file)
  }
  const { supervisor, snippet: snippets } = options
  const known = [...recipes.bases.keys(), ...recipes.images.keys()]
  const base = options.base ?? (await ask('base', `What is it built on (${known.join(', ')})? `, context))
  if (!known.includes(base)) {
    throw new PipelineError('bad-settings', `no base or image "${base}"; there are: ${known.join(', ')}`)
  }
  const file = await createImage(root, name, {
    description,
    base: recipes.bases.has(base) ? base : { image: base },
    ...(supervisor ? { supervisor } : {}),
    ...(snippets.length > 0 ? { snippets } : {}),
  })
  printResult(context, options.json, { file }, `${file}\n`)
  await loadRecipes(root)
}

async function ask(option: string, question: string, { err, signal }: CommandContext): Promise<string> {
  if (!process.stdin.isTTY) throw new PipelineError('bad-settings', `nothing says the ${option}; give --${option}`)
  const terminal = createInterface({ input: process.stdin, output: err })
  try {
    return (await terminal.question(question, { signal })).trim()
  } finally {
    terminal.close()
  }
}
