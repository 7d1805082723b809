import { type Location, type Report, watchReport } from './problem.ts'
import { suggest } from './suggestion.ts'
import { HELPERS, QUOTING_HELPERS } from './template-helpers.ts'
import { ALLOWED_QUOTING, DEFAULT_QUOTING, type Place, type PlaceScanner, scannerFor } from './template-place.ts'
import { parseTemplate } from './template-syntax.ts'

/** The names a template may use: a value, a list of values, or an object of further names. */
export type Variables = ReadonlyMap<string, 'value' | 'list' | Variables>

/** A template that others include with `{{> name}}`. */
export type PartialSource = { readonly file: string; readonly text: string }

type CheckOptions = {
  readonly place: Place
  readonly variables: Variables
  readonly partials?: ReadonlyMap<string, PartialSource>
}

/** The names in reach: those of the template, or the item of an `{{#each}}` and, with `../`, what is around it. */
type Scope = { readonly names: Variables; readonly item: boolean; readonly outer?: Scope }

type Walk = CheckOptions & {
  readonly scanner: PlaceScanner
  readonly report: Report
  /** The partials that are being put in, to find one that includes itself. */
  readonly including: readonly string[]
}

type Expression = hbs.AST.Expression
type Path = hbs.AST.PathExpression

/**
 * Checks the names, calls and quoting of a parsed template. Answers the tree to compile: every value wrapped in the helper
 * that quotes it for the place, every partial put in where it is named. Answers nothing when something was reported.
 */
export function checkTemplate(
  program: hbs.AST.Program,
  options: CheckOptions,
  report: Report,
): { program: hbs.AST.Program; compound: boolean } | undefined {
  const watch = watchReport(report)
  const scanner = scannerFor(options.place)
  const walk: Walk = { ...options, scanner, report: watch.report, including: [] }
  const body = checkBody(program.body, { names: options.variables, item: false }, walk)
  const fault = watch.hasProblems() ? undefined : scanner.end()
  if (fault) watch.report(locationOf(program), fault.message, fault.hint)
  return watch.hasProblems() ? undefined : { program: { ...program, body }, compound: scanner.compound === true }
}

function checkBody(body: readonly hbs.AST.Statement[], scope: Scope, walk: Walk): hbs.AST.Statement[] {
  return body.flatMap((statement) => checkStatement(statement, scope, walk))
}

function checkStatement(statement: hbs.AST.Statement, scope: Scope, walk: Walk): hbs.AST.Statement[] {
  switch (statement.type) {
    case 'ContentStatement':
      walk.scanner.text((statement as hbs.AST.ContentStatement).value)
      return [statement]
    case 'CommentStatement':
      return []
    case 'MustacheStatement':
      return [checkMustache(statement as hbs.AST.MustacheStatement, scope, walk)]
    case 'BlockStatement':
      return [checkBlock(statement as hbs.AST.BlockStatement, scope, walk)]
    case 'PartialStatement':
      return includePartial(statement as hbs.AST.PartialStatement, scope, walk)
    default:
      walk.report(locationOf(statement), 'template: decorators and inline partials are not supported')
      return []
  }
}

function checkMustache(mustache: hbs.AST.MustacheStatement, scope: Scope, walk: Walk): hbs.AST.Statement {
  const location = locationOf(mustache)
  const refusal = walk.scanner.value()
  if (refusal !== undefined) {
    const advice = walk.place === 'json' ? 'write it outside' : 'assign it to a variable first, as in name={{…}}'
    walk.report(location, `a value can not be quoted ${refusal}`, advice)
  }
  if (!mustache.escaped) walk.report(location, 'template: {{{…}}} is not supported', 'write {{…}}')
  const call = calledHelper(mustache)
  checkExpression(call === undefined ? mustache.path : mustache, scope, walk)
  if (call === undefined || !QUOTING_HELPERS.includes(call)) {
    const value = call === undefined ? mustache.path : { ...mustache, type: 'SubExpression' }
    return {
      ...mustache,
      path: helperPath(DEFAULT_QUOTING[walk.place], mustache),
      params: [value],
    } as hbs.AST.Statement
  }
  const allowed = ALLOWED_QUOTING[walk.place]
  if (!allowed.includes(call)) {
    walk.report(
      location,
      `"${call}" does not quote for this place`,
      `use ${allowed.map((name) => `"${name}"`).join(' or ')}`,
    )
  }
  return mustache
}

/** `if`, `unless` and `each`; the quoting must be the same at the end of every branch as it was before. */
function checkBlock(block: hbs.AST.BlockStatement, scope: Scope, walk: Walk): hbs.AST.Statement {
  const name = block.path.original
  const condition = block.params[0]
  if (!['if', 'unless', 'each'].includes(name)) {
    walk.report(locationOf(block.path), `template: no block "${name}"`, suggest(name, ['if', 'unless', 'each']))
    return block
  }
  if (condition === undefined || block.params.length > 1 || block.hash !== undefined) {
    walk.report(locationOf(block), `template: "${name}" takes one value`)
    return block
  }
  checkExpression(condition, scope, walk)
  if (name === 'each') checkEach(block, condition, scope, walk)
  const start = walk.scanner.point()
  const inner = name === 'each' ? { names: new Map(), item: true, outer: scope } : scope
  const program = block.program && { ...block.program, body: checkBranch(block, block.program.body, inner, walk) }
  const end = walk.scanner.point()
  walk.scanner.goBack(start)
  const inverse = block.inverse && { ...block.inverse, body: checkBranch(block, block.inverse.body, scope, walk) }
  walk.scanner.join(end)
  return { ...block, program, inverse } as hbs.AST.Statement
}

function checkEach(block: hbs.AST.BlockStatement, list: Expression, scope: Scope, walk: Walk): void {
  const names = block.program?.blockParams ?? []
  if (names.length > 0) walk.report(locationOf(block), 'template: "as |…|" is not supported', 'use {{this}}')
  const isPath = list.type === 'PathExpression'
  if (isPath && lookUp(list as Path, scope) !== 'list') {
    walk.report(
      locationOf(list),
      `"${(list as Path).original}" is not a list`,
      'use {{#if}}, or declare it with "type: list"',
    )
  }
}

function checkBranch(
  block: hbs.AST.BlockStatement,
  body: readonly hbs.AST.Statement[],
  scope: Scope,
  walk: Walk,
): hbs.AST.Statement[] {
  const start = walk.scanner.point()
  const checked = checkBody(body, scope, walk)
  const end = walk.scanner.point()
  if (start.quoting === undefined || start.quoting !== end.quoting) {
    walk.report(locationOf(block), 'a quote, bracket or escape is opened or closed in one branch of a block only')
  } else if (block.path.original === 'each' && start.hash !== end.hash) {
    // The next item begins where this one ended.
    walk.scanner.join(start)
    checkBody(body, scope, walk)
  }
  return checked
}

/** Puts the partial's statements in place of its name: it has no context of its own, and is never re-indented. */
function includePartial(statement: hbs.AST.PartialStatement, scope: Scope, walk: Walk): hbs.AST.Statement[] {
  const name = 'original' in statement.name ? String(statement.name.original) : ''
  const partials = walk.partials ?? new Map<string, PartialSource>()
  const partial = partials.get(name)
  const location = locationOf(statement)
  if (partial === undefined) {
    walk.report(location, `template: no partial "${name}"`, suggest(name, partials.keys()) ?? 'add it under partials/')
    return []
  }
  if (statement.params.length > 0 || statement.hash !== undefined) {
    walk.report(location, 'template: a partial takes no values', 'it sees the variables of the template around it')
  }
  if (walk.including.includes(name)) {
    walk.report(location, `template: partial "${name}" includes itself: ${[...walk.including, name].join(' → ')}`)
    return []
  }
  const program = parseTemplate(partial.file, partial.text, walk.report)
  return program ? checkBody(program.body, scope, { ...walk, including: [...walk.including, name] }) : []
}

function checkExpression(expression: Expression, scope: Scope, walk: Walk): void {
  if (expression.type === 'PathExpression') checkPath(expression as Path, scope, walk)
  if (expression.type !== 'SubExpression' && expression.type !== 'MustacheStatement') return
  const { path, params, hash } = expression as hbs.AST.SubExpression
  const name = 'original' in path ? String(path.original) : ''
  const helper = Object.hasOwn(HELPERS, name) ? HELPERS[name] : undefined
  if (helper === undefined) {
    walk.report(locationOf(path), `template: no helper "${name}"`, suggest(name, Object.keys(HELPERS)))
  } else if (params.length !== helper.arity || hash !== undefined) {
    walk.report(locationOf(expression), `template: "${name}" takes ${helper.arity} values, found ${params.length}`)
  }
  for (const param of params) checkExpression(param, scope, walk)
}

function checkPath(path: Path, scope: Scope, walk: Walk): void {
  const found = lookUp(path, scope)
  if (found === 'value' || found === 'list') return
  const name = path.original
  if (found !== undefined) walk.report(locationOf(path), `"${name}" is not a value`, suggest('', found.keys()))
  else walk.report(locationOf(path), `no variable "${name}"`, suggest(name, scope.names.keys()))
}

/** What a path names; `../` leaves an `{{#each}}`, `this` is its item, `@index` and the like its position. */
function lookUp(path: Path, scope: Scope): 'value' | 'list' | Variables | undefined {
  let current: Scope | undefined = scope
  for (let depth = 0; depth < path.depth; depth++) current = current?.outer
  if (path.data) return scope.item && ['index', 'first', 'last'].includes(path.parts.join('.')) ? 'value' : undefined
  if (path.parts.length === 0) return current?.item ? 'value' : undefined
  let found: 'value' | 'list' | Variables | undefined = current?.names
  for (const part of path.parts) found = typeof found === 'object' ? found.get(part) : undefined
  return found
}

/** A call has parameters; a bare name is a variable, whatever helpers there are. */
function calledHelper(mustache: hbs.AST.MustacheStatement): string | undefined {
  const isCall = mustache.params.length > 0 || mustache.hash !== undefined || !('parts' in mustache.path)
  if (!isCall) return undefined
  return 'original' in mustache.path ? String(mustache.path.original) : ''
}

function helperPath(name: string, { loc }: hbs.AST.Node): Path {
  return { type: 'PathExpression', data: false, depth: 0, parts: [name], original: name, loc }
}

function locationOf({ loc }: hbs.AST.Node): Location {
  return { file: loc.source, line: loc.start.line, column: loc.start.column + 1 }
}
