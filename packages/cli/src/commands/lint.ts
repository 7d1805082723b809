import { resolve } from 'node:path'
import { loadRecipes, readCodeFrame, renderImage, withParents } from '@tf-images/recipe'
import { type LintFinding, lintImages } from '@tf-images/recipe/lint'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { Difference } from '../exit-codes.ts'

type Options = { readonly root: string; readonly strict?: boolean; readonly json?: boolean }

export function defineLint(command: Command, context: CommandContext): void {
  command
    .argument('[images...]', 'images, with those they are built on; all when none is named')
    .option('--strict', 'exit with 3 for warnings, too')
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--json', 'print the findings as JSON, with file, line, column and severity')
    .addHelpText(
      'after',
      '\nExamples:\n  flist lint\n  flist lint nginx --json\n\nWhat it finds is told at the line of the recipe. Exits with 3 where that is an error.',
    )
    .action((images: string[], options: Options) => lint(images, options, context))
}

async function lint(images: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const recipes = await loadRecipes(root)
  const rendered = withParents(recipes, images).map((name) => renderImage(recipes, name))
  const found = await lintImages(rendered, recipes.registry)
  const findings = await Promise.all(
    found.map(async (finding) => ({ ...finding, frame: await readCodeFrame(root, finding) })),
  )
  const text = findings.length === 0 ? `${rendered.length} Dockerfiles: nothing found` : findings.map(textOf).join('\n')
  printResult(context, options.json, { findings }, text)
  const failing = options.strict ? findings : findings.filter(({ severity }) => severity === 'error')
  if (failing.length > 0) throw new Difference(`findings in ${rendered.length} Dockerfiles: ${failing.length}`)
}

function textOf({ file, line, column, severity, rule, message, hint, images, frame }: LintFinding): string {
  const remedy = hint === undefined ? '' : `; ${hint}`
  return `${file}:${line}:${column}: ${severity}: ${message}${remedy} (${rule}, in ${images.join(', ')})\n${frame}`
}
