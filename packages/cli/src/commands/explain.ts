import { resolve } from 'node:path'
import { PipelineError } from '@tf-images/pipeline'
import { type Explanation, explainImage, type Location, loadRecipes, readCodeFrame } from '@tf-images/recipe'
import { type Command, InvalidArgumentError } from 'commander'
import { type CommandContext, printResult } from '../context.ts'

type Options = { readonly root: string; readonly json?: boolean }

export function defineExplain(command: Command, context: CommandContext): void {
  command
    .argument('<image>', 'the image')
    .argument('[line]', 'a line of its Dockerfile', lineNumber)
    .option('--root <dir>', 'folder that has recipes/', '.')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist explain nginx        its snippets, and every line\n  flist explain nginx 16',
    )
    .action((image: string, line: number | undefined, options: Options) => explain(image, line, options, context))
}

async function explain(
  image: string,
  line: number | undefined,
  options: Options,
  context: CommandContext,
): Promise<void> {
  const root = resolve(options.root)
  const explanation = explainImage(await loadRecipes(root), image)
  if (line === undefined) return printResult(context, options.json, explanation, explanationText(explanation))
  const found = explanation.lines[line - 1]
  if (found === undefined) {
    const { length } = explanation.lines
    throw new PipelineError('bad-settings', `dockerfiles/${image}/Dockerfile has ${length} lines, and no line ${line}`)
  }
  const frame = found.origin ? await readCodeFrame(root, found.origin) : ''
  const place = found.origin
    ? placeText(found.origin)
    : 'nowhere in the recipes: it separates sections, or marks the file'
  const text = `dockerfiles/${image}/Dockerfile:${line}: ${found.text}\ncomes from ${place}\n${frame}`
  printResult(context, options.json, found, text)
}

function explanationText({ name, chain, snippets, lines }: Explanation): string {
  const origins = lines.map(({ origin }) => (origin ? placeText(origin) : ''))
  const width = Math.max(...origins.map(({ length }) => length))
  return [
    `${name} is ${chain.join(' → ')}`,
    '',
    ...(snippets.length > 0 ? ['snippets, in the order of their layers:'] : []),
    ...snippets.map(({ name, image, origin, reason }) => `  ${name} in ${image}: ${reason} (${placeText(origin)})`),
    '',
    `dockerfiles/${name}/Dockerfile:`,
    ...lines.map(({ number, text }, index) => {
      return `${(origins[index] ?? '').padEnd(width)} ${String(number).padStart(4)} | ${text}`.trimEnd()
    }),
  ].join('\n')
}

function placeText({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`
}

function lineNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('A line is a number from 1.')
  return Number(text)
}
