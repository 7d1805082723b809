import { isDockerfileValue, unusableText } from './dockerfile.ts'
import type { FileDefinition } from './file-definition.ts'
import type { ContentFile, LocatedText } from './image-contents.ts'
import { type Location, type Problem, RecipeError, type Report, reportInto } from './problem.ts'
import type { ServiceUnit } from './supervisor.ts'
import type { Template, TemplateData } from './template.ts'

/** The values of one image on their way into templates. */
export type Evaluation = {
  /** What was found wrong so far. */
  readonly problems: readonly Problem[]
  readonly report: Report
  /** The text of a template; empty after a problem, which was reported. */
  readonly render: (template: Template, data: TemplateData) => string
}

export function evaluationOf(image: string, problems: Problem[]): Evaluation {
  const report = reportInto(problems)
  return {
    problems,
    report: (location, message, hint) => report(location, message, hint ?? `seen in image "${image}"`),
    render: (template, data) => {
      try {
        return template.render(data)
      } catch (error) {
        if (!(error instanceof RecipeError)) throw error
        problems.push(...error.problems.map((problem) => ({ ...problem, hint: `seen in image "${image}"` })))
        return ''
      }
    },
  }
}

export function evaluateFiles(
  files: readonly FileDefinition[],
  data: TemplateData,
  { render }: Evaluation,
): ContentFile[] {
  return files.map(({ target, mode, owner, content, location }) => ({
    target,
    mode,
    origin: location,
    ...(owner ? { owner } : {}),
    content: Buffer.isBuffer(content) ? content : Buffer.from(render(content, data)),
  }))
}

/** A file of a supervisor as one of the image. */
export function unitFile({ target, content, mode }: ServiceUnit, origin: Location): ContentFile {
  return { target, mode, content: Buffer.from(content), origin }
}

/** Values of ENV and LABEL: a Dockerfile can write any but those with line breaks and control characters. */
export function dockerfileValues(
  values: ReadonlyMap<string, { readonly value: string; readonly location: Location }>,
  kind: string,
  report: Report,
): Map<string, LocatedText> {
  for (const [name, { value, location }] of values) {
    const unusable =
      unusableText(value) ?? (isDockerfileValue(value) ? undefined : 'has a line break or control character')
    if (unusable)
      report(location, `${kind} "${name}" ${unusable}, which a Dockerfile can not hold`, 'put it into a file')
  }
  return new Map([...values].map(([name, { value, location }]) => [name, { text: value, origin: location }]))
}
