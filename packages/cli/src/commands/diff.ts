import { resolve } from 'node:path'
import { PipelineError } from '@tf-images/pipeline'
import { buildOrder, imagesOnTop, imagesWith, loadRecipes, renderImage, withParents } from '@tf-images/recipe'
import { compareContexts } from '@tf-images/recipe/contexts'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'

type Options = { readonly root: string; readonly snippet?: string; readonly json?: boolean }

export function defineDiff(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images, with those they are built on; all when none is named')
    .option('--snippet <name>', 'list the images that a change of this snippet touches instead')
    .option('--root <dir>', 'folder that has recipes/ and dockerfiles/', '.')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist diff nginx\n  flist diff --snippet sshd\n\nExits with 3 when there is a difference.',
    )
    .action((images: string[], options: Options) =>
      options.snippet === undefined ? diff(images, options, context) : touched(options.snippet, options, context),
    )
}

async function diff(images: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const recipes = await loadRecipes(root)
  const rendered = withParents(recipes, images).map((name) => renderImage(recipes, name))
  const drifts = await compareContexts(root, rendered, { complete: images.length === 0 })
  const changed = [...new Set(drifts.map(({ image }) => image))]
  const above = imagesOnTop(recipes, changed, buildOrder(recipes))
  const summary = [
    ...(changed.length > 0 ? [`changed: ${changed.join(', ')}`] : []),
    ...(above.length > 0 ? [`built again, being on top: ${above.join(', ')}`] : []),
  ]
  const text = [...drifts.map((drift) => drift.diff), ...summary].join('\n')
  printResult(context, options.json, { drifts, changed, above }, text)
  if (changed.length > 0) throw new Difference(`${changed.length} images changed; to write them: flist render`)
}

async function touched(snippet: string, options: Options, context: CommandContext): Promise<void> {
  const recipes = await loadRecipes(resolve(options.root))
  if (!recipes.snippets.has(snippet)) {
    const known = [...recipes.snippets.keys()].join(', ')
    throw new PipelineError('bad-settings', `no snippet "${snippet}" in the recipes; there are: ${known}`)
  }
  const images = imagesWith(recipes, snippet, buildOrder(recipes))
  printResult(context, options.json, { snippet, images }, images.join('\n'))
}
