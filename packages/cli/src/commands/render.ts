import { resolve } from 'node:path'
import { loadRecipes, renderImage, withParents } from '@tf-images/recipe'
import { compareContexts, writeContexts } from '@tf-images/recipe/contexts'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'

type Options = { readonly root: string; readonly check?: boolean; readonly json?: boolean }

export function defineRender(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images to render; all when none is named')
    .option('--check', 'write nothing; show the difference and exit with 3 when there is one')
    .option('--root <dir>', 'folder that has recipes/ and dockerfiles/', '.')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  flist render\n  flist render --check\n  flist render nginx --json')
    .action((images: string[], options: Options) => render(images, options, context))
}

async function render(images: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const recipes = await loadRecipes(root)
  const rendered = withParents(recipes, images).map((name) => renderImage(recipes, name))
  const scope = { complete: images.length === 0 }
  if (!options.check) {
    const changed = await writeContexts(root, rendered, scope)
    const lines = rendered.map(({ name }) => `dockerfiles/${name}${changed.includes(name) ? '' : ' (unchanged)'}`)
    return printResult(context, options.json, { rendered: rendered.map(({ name }) => name), changed }, lines.join('\n'))
  }
  const drifts = await compareContexts(root, rendered, scope)
  printResult(context, options.json, { drifts }, drifts.map(({ diff }) => diff).join('\n'))
  if (drifts.length > 0)
    throw new Difference(`${drifts.length} rendered files differ from the recipes; run: flist render`)
}
