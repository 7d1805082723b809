import type { Location } from './problem.ts'
import type { RenderedImage } from './render.ts'

/** The place of each line of a Dockerfile in the recipes, by line from the first. */
export type SourceMap = readonly (Location | undefined)[]

/** A line of a rendered Dockerfile, numbered from 1, and the place in the recipes that it comes from. */
export type TracedLine = { readonly number: number; readonly text: string; readonly origin?: Location }

/** All lines of the Dockerfile of an image with where they come from. */
export function traceDockerfile({ files, sourceMap }: RenderedImage): TracedLine[] {
  const text = files.get('Dockerfile')?.content.toString() ?? ''
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line, index) => {
      const origin = sourceMap[index]
      return { number: index + 1, text: line, ...(origin ? { origin } : {}) }
    })
}

/**
 * The place in the recipes that an instruction failed for, which starts at a line of the Dockerfile. An instruction joins
 * commands of several places; of these the one is meant whose words the output repeats most, as in "Unable to locate package
 * x", else the first.
 */
export function traceFailure(image: RenderedImage, line: number, output: readonly string[] = []): Location | undefined {
  const lines = instructionAt(traceDockerfile(image), line)
  const said = new Set(output.flatMap(wordsOf))
  let best: { origin: Location | undefined; score: number } = {
    origin: lines.find(({ origin }) => origin)?.origin,
    score: 0,
  }
  for (const { text, origin } of lines) {
    const score = new Set(wordsOf(text).filter((word) => said.has(word))).size
    if (origin && score > best.score) best = { origin, score }
  }
  return best.origin
}

/** The lines of an instruction: those rendered here end in a backslash when they go on. */
function instructionAt(lines: readonly TracedLine[], line: number): TracedLine[] {
  const rest = lines.slice(line - 1)
  const end = rest.findIndex(({ text }) => !text.endsWith('\\'))
  return rest.slice(0, end + 1)
}

function wordsOf(line: string): string[] {
  return line.split(/[\s'"`:;,(){}]+/).filter((word) => /[A-Za-z0-9]{2}/.test(word))
}
