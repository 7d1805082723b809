import { resolve } from 'node:path'
import { formatMermaid, loadRecipes, recipeGraph, withParents } from '@tf-images/recipe'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'

type Options = { readonly root: string; readonly json?: boolean }

export function defineGraph(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images, with those they are built on; all when none is named')
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--json', 'print the edges as JSON')
    .addHelpText(
      'after',
      '\nThick arrows lead from a base to what is built on it, dotted ones from a snippet to its image.',
    )
    .action(async (images: string[], options: Options) => {
      const recipes = await loadRecipes(resolve(options.root))
      const edges = recipeGraph(recipes, withParents(recipes, images))
      printResult(context, options.json, { edges }, formatMermaid(edges))
    })
}
