import type { DockerfileLine } from './dockerfile.ts'
import type { Location, Report } from './problem.ts'
import { suggest } from './suggestion.ts'
import type { YamlSource } from './yaml-source.ts'

/** Instructions that an image writes itself, taken as they are: what the recipes have no words for. */
export type RawFragment = readonly (DockerfileLine & { readonly origin: Location })[]

/** A stage in front of an image, which starts from its base. */
export type RawStage = { readonly name: string; readonly location: Location; readonly fragment: RawFragment }

const KEYWORDS =
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  )

/**
 * Checks the lines of a fragment as far as their instructions go: known keywords, no further stage, no here-documents (the
 * classic builder has none), and an end.
 */
export function readFragment(text: string, at: (line: number) => Location, report: Report): RawFragment {
  const lines = text
    .replace(/\n+$/, '')
    .split('\n')
    .map((line, index) => ({ text: line, origin: at(index + 1) }))
  let continued = false
  for (const { text, origin } of lines) {
    if (/^\s*(?:#|$)/.test(text)) continue
    if (!continued) checkInstruction(text, origin, report)
    continued = /\\\s*$/.test(text)
  }
  const last = lines.at(-1)
  if (continued && last) report(last.origin, 'the last instruction goes on after its end', 'remove the backslash')
  return lines
}

export function readStages(
  stages: readonly { readonly name: string; readonly dockerfile: string }[],
  source: YamlSource,
  report: Report,
): RawStage[] {
  const names = new Set<string>()
  return stages.map(({ name, dockerfile }, index) => {
    const location = source.at(['stages', index, 'name'])
    if (names.has(name)) report(location, `stage "${name}" is listed twice`, 'rename one of the two')
    names.add(name)
    const at = (line: number) => source.within(['stages', index, 'dockerfile'], line, 1)
    return { name, location, fragment: readFragment(dockerfile, at, report) }
  })
}

/** Whether it starts an instruction inside of a stage; in upper case. */
export function isKeyword(name: string): boolean {
  return KEYWORDS.includes(name)
}

/** What is wrong with a word in the place of a keyword, and the remedy where one is near. */
export function unknownKeyword(keyword: string): [message: string, hint: string | undefined] {
  return [`no instruction "${keyword}"`, suggest(keyword.toUpperCase(), KEYWORDS)]
}

function checkInstruction(line: string, location: Location, report: Report): void {
  const [, keyword = line.trim()] = /^\s*([A-Za-z]+)\s/.exec(line) ?? []
  const name = keyword.toUpperCase()
  if (name === 'FROM') {
    report(location, 'a fragment stays in the stage of its image', 'write it under "stages"')
  } else if (!isKeyword(name)) {
    report(location, ...unknownKeyword(keyword))
  } else if (/^(?:RUN|COPY|ADD)$/.test(name) && /(?:^|\s)<<-?\s*["']?[A-Za-z_]/.test(line)) {
    report(location, 'here-documents need BuildKit', 'put the text into a file')
  }
}
