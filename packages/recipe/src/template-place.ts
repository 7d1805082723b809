import { type ScanPoint, ShellScanner } from './shell-scanner.ts'

/**
 * Where the text of a template ends up, which decides how a value in it is quoted:
 * - `step`: one command of a RUN instruction; `shell`: a shell script. A value is one single-quoted word.
 * - `json`: a value is a JSON value.
 * - `line`: a file of unknown syntax. A value is put in as it is, and refused when it could end its line.
 * - `text`: whatever reads the text knows what to do with it; a value is put in as it is.
 */
export type Place = 'step' | 'shell' | 'json' | 'line' | 'text'

/** The helper that quotes a value when the template names none. */
export const DEFAULT_QUOTING: Readonly<Record<Place, string>> = {
  step: 'shell',
  shell: 'shell',
  json: 'json',
  line: 'line',
  text: 'text',
}

/** The helpers that may quote a value at a place: in a shell and in JSON nothing but their own quoting is safe. */
export const ALLOWED_QUOTING: Readonly<Record<Place, readonly string[]>> = {
  step: ['shell'],
  shell: ['shell'],
  json: ['json'],
  line: ['line', 'json', 'shell', 'text'],
  text: ['line', 'json', 'shell', 'text'],
}

/** Follows the literal text around the values of a template. */
export type PlaceScanner = {
  text(text: string): void
  /** Why a value can not be put in here, if it can not. */
  value(): string | undefined
  /** Where a block of alternatives begins or ends; see {@link ShellScanner}, whose methods these are. */
  point(): ScanPoint
  goBack(point: ScanPoint): void
  join(point: ScanPoint): void
  /** What is wrong with the text as a whole, if anything. */
  end(): { readonly message: string; readonly hint?: string } | undefined
  /** The finished text is a compound command. */
  readonly compound?: boolean
}

/** A scanner for the place; for `line` and `text` there is nothing to follow. */
export function scannerFor(place: Place): PlaceScanner {
  if (place === 'step') return stepScanner()
  if (place === 'shell') return shellScanner()
  if (place === 'json') return jsonScanner()
  return { ...flatScanner(() => ''), text: () => {}, value: () => undefined, end: () => undefined }
}

function shellScanner(scanner = new ShellScanner()): PlaceScanner {
  return {
    text: (text) => scanner.text(text),
    value: () => scanner.value(),
    point: () => scanner.point(),
    goBack: (point) => scanner.goBack(point),
    join: (point) => scanner.join(point),
    end: () => undefined,
  }
}

/** A step becomes one line of a RUN instruction, joined to others: see `formatRun`. */
function stepScanner(): PlaceScanner {
  const scanner = new ShellScanner()
  return {
    ...shellScanner(scanner),
    end: () => stepFault(scanner),
    get compound() {
      return scanner.traits.compound
    },
  }
}

function stepFault(scanner: ShellScanner): { message: string; hint?: string } | undefined {
  const { comment, hereDocument, lineBreak } = scanner.traits
  if (hereDocument) return { message: 'a step has no here-documents', hint: 'put the text into a file of the snippet' }
  if (comment) return { message: 'a step has no shell comments', hint: 'write a YAML comment above the step' }
  const open = scanner.end()
  if (open !== undefined) return { message: `the step is not complete: ${open}` }
  if (!lineBreak) return undefined
  return {
    message: 'a step is one command line',
    hint: 'end a line with "\\" to go on, make two steps of it, or put a script into a file of the snippet',
  }
}

/** Where it does not matter what alternatives end with, as long as their quoting is the same. */
function flatScanner(quoting: () => string | undefined): Pick<PlaceScanner, 'point' | 'goBack' | 'join'> {
  return { point: () => ({ quoting: quoting(), hash: 'plain' }), goBack: () => {}, join: () => {} }
}

/** Outside of strings every value is a whole JSON value; inside of one it would break out. */
function jsonScanner(): PlaceScanner {
  let inString = false
  let escaped = false
  const step = (character: string): void => {
    if (escaped) escaped = false
    else if (inString && character === '\\') escaped = true
    else if (character === '"') inString = !inString
  }
  return {
    ...flatScanner(() => (escaped ? undefined : String(inString))),
    text: (text) => {
      for (const character of text) step(character)
    },
    value: () => (inString ? 'inside a JSON string' : undefined),
    end: () => (inString ? { message: 'a JSON string is not closed' } : undefined),
  }
}
