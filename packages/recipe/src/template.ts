import Handlebars from 'handlebars/dist/handlebars.js'
import { CONTINUATION, tidyCommand } from './dockerfile.ts'
import { invalidRecipes, type Location, type Report } from './problem.ts'
import { checkTemplate, type PartialSource, type Variables } from './template-check.ts'
import { HELPERS, type TemplateValue, ValueRefused } from './template-helpers.ts'
import type { Place } from './template-place.ts'
import { parseTemplate } from './template-syntax.ts'

/** The values of the variables a template was checked with. */
export type TemplateData = { readonly [name: string]: TemplateValue | TemplateData }

/** A template whose syntax, names and quoting were checked; only its values can still be wrong. */
export type Template = {
  /** The text is a compound shell command (place `step`). */
  readonly compound: boolean
  /** @throws {RecipeError} `invalid` when a value can not stand where it is put; the place is the one in the template. */
  render(data: TemplateData): string
}

/** A text to compile, and what is known about it. */
export type TemplateSource = {
  readonly file: string
  readonly text: string
  readonly place: Place
  readonly variables: Variables
  readonly partials?: ReadonlyMap<string, PartialSource>
  /** The place in `file` of a line and column (from 1) of `text`; the same when the text is the whole file. */
  locate?(line: number, column: number): Location
}

const environment = Handlebars.create()
for (const [name, { arity, call }] of Object.entries(HELPERS)) {
  environment.registerHelper(name, (...values: unknown[]) => {
    const options = values.at(-1) as { loc?: hbs.AST.SourceLocation }
    return locateRefusal(options.loc, () => (call as (...values: unknown[]) => unknown)(...values.slice(0, arity)))
  })
}

/**
 * Checks a Handlebars template for its place and makes it ready to render. A value is quoted for the place by itself, so
 * that it ends up as data; where that can not be done (inside quotes, in a comment) the template is refused. Nothing is
 * HTML-escaped, partials are not re-indented, and an unknown name is a problem, never an empty string.
 *
 * Problems go to `report`, with their place; then undefined is returned.
 */
export function compileTemplate(source: TemplateSource, report: Report): Template | undefined {
  const locate = locator(source)
  const program = parseTemplate(source.file, source.text, (location, message) => report(locate(location), message))
  if (program === undefined) return undefined
  const checked = checkTemplate(program, source, (location, message, hint) => report(locate(location), message, hint))
  if (checked === undefined) return undefined
  if (source.place === 'step') markContinuations(checked.program)
  const finish = source.place === 'step' ? tidyCommand : (text: string) => text
  const constant = constantText(checked.program)
  if (constant !== undefined) {
    const text = finish(constant)
    return { compound: checked.compound, render: () => text }
  }
  const delegate = environment.compile(checked.program, {
    noEscape: true,
    strict: true,
    preventIndent: true,
    knownHelpers: Object.fromEntries(Object.keys(HELPERS).map((name) => [name, true])) as unknown as KnownHelpers,
  })
  return { compound: checked.compound, render: (data) => finish(renderLocated(delegate, data, locate)) }
}

/** The text of a template that is nothing else, as most are: the library compiles them to programs of their own, too. */
function constantText(program: hbs.AST.Program): string | undefined {
  const texts = program.body.map((statement) => {
    return statement.type === 'ContentStatement' ? (statement as hbs.AST.ContentStatement).value : undefined
  })
  return texts.includes(undefined) ? undefined : texts.join('')
}

/** Places of partials are already places of their own file. */
function locator(source: TemplateSource): (location: Location) => Location {
  return (location) =>
    location.file === source.file && source.locate ? source.locate(location.line, location.column) : location
}

class LocatedRefusal extends Error {
  readonly location: Location

  constructor(location: Location, cause: ValueRefused) {
    super(cause.message, { cause })
    this.location = location
  }
}

function locateRefusal<T>(loc: hbs.AST.SourceLocation | undefined, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof ValueRefused) || loc === undefined) throw error
    throw new LocatedRefusal({ file: loc.source, line: loc.start.line, column: loc.start.column + 1 }, error)
  }
}

function renderLocated(
  delegate: HandlebarsTemplateDelegate,
  data: TemplateData,
  locate: (location: Location) => Location,
): string {
  try {
    return delegate(data)
  } catch (error) {
    if (!(error instanceof LocatedRefusal)) throw error
    throw invalidRecipes([{ ...locate(error.location), message: error.message }])
  }
}

/** The line breaks of a step are continuations; they are kept as marks, to tell them from line breaks in values. */
function markContinuations(program: hbs.AST.Program): void {
  for (const statement of program.body) {
    if (statement.type === 'ContentStatement') {
      const content = statement as hbs.AST.ContentStatement
      content.value = content.value.replaceAll(/([ \t]*)\\\r?\n([ \t]*)/g, (_, before, after) =>
        before === '' && after === '' ? '' : CONTINUATION,
      )
    }
    if (statement.type === 'BlockStatement') {
      const { program: main, inverse } = statement as hbs.AST.BlockStatement
      for (const branch of [main, inverse]) if (branch) markContinuations(branch)
    }
  }
}
