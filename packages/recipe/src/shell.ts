/** Quotes any text without NUL as one word of a POSIX shell, whatever stands in it (POSIX.1-2017, XCU 2.2.2). */
export function quoteShell(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}

/** Like {@link quoteShell}, but leaves a word bare that no shell reads as anything else: for arguments, never for a command. */
export function quoteArgument(value: string): string {
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(value) ? value : quoteShell(value)
}

type Frame =
  | 'code'
  | 'parenthesis'
  | 'single'
  | 'double'
  | 'parameter'
  | 'arithmetic'
  | 'group'
  | 'backquote'
  | 'comment'

const FRAME_NAMES: Readonly<Record<Frame, string>> = {
  code: 'plain text',
  parenthesis: 'a parenthesis',
  single: 'single quotes',
  double: 'double quotes',
  parameter: `\${…}`,
  arithmetic: '$((…))',
  group: '$((…))',
  backquote: 'backquotes',
  comment: 'a comment',
}

/** What a scanned text holds that matters to whoever puts it into a larger script. */
export type ShellTraits = {
  /** `;`, `||` or `&`: the text must be grouped before something is joined to it. */
  readonly compound: boolean
  readonly comment: boolean
  readonly hereDocument: boolean
  /** A line break that is not a continuation (`\` at the end of the line). */
  readonly lineBreak: boolean
}

/**
 * Follows the quoting of a shell text, piece by piece, so that a template knows whether a value put in at this point would
 * be one quoted word. It errs to the safe side: where quoting is not certain, it says no.
 */
export class ShellScanner {
  #stack: Frame[] = ['code']
  #pending: '' | '\\' | '$' | '$(' | ')' = ''
  #word = ''
  #operator = ''
  #opaque: string | undefined
  #traits = { compound: false, comment: false, hereDocument: false, lineBreak: false }

  get traits(): ShellTraits {
    return this.#traits
  }

  /** Goes over literal text. */
  text(text: string): void {
    for (const character of text) this.#step(character)
  }

  /** Goes over a value that is put in as one quoted word; answers why that is not possible here, if it is not. */
  value(): string | undefined {
    const refusal = this.#refusal()
    this.#endOperator()
    this.#pending = ''
    this.#word += 'x'
    return refusal
  }

  /** The quoting at this point, to compare the ends of alternatives with; undefined in the middle of an escape. */
  state(): string | undefined {
    return this.#pending === '' ? this.#stack.join(' ') : undefined
  }

  /** Alternative texts meet here: what follows may stand at the start of a word. */
  join(): void {
    this.#endOperator()
    this.#word = ''
  }

  /** Why the text can not end here, if it can not. */
  end(): string | undefined {
    const open = this.#stack.findLast((frame) => frame !== 'comment' && frame !== 'code')
    if (open !== undefined) return `${FRAME_NAMES[open]} not closed`
    if (this.#pending === '\\') return 'a backslash at the end'
    return /[;&|]$/.test(this.#operator) ? `"${this.#operator}" at the end` : undefined
  }

  #refusal(): string | undefined {
    if (this.#opaque !== undefined) return `after ${this.#opaque}`
    if (this.#pending === '\\') return 'right after a backslash'
    if (this.#pending === '$') return 'right after a "$"'
    const frame = this.#frame
    return frame === 'code' || frame === 'parenthesis' ? undefined : `inside ${FRAME_NAMES[frame]}`
  }

  get #frame(): Frame {
    return this.#stack.at(-1) ?? 'code'
  }

  #step(character: string): void {
    const frame = this.#frame
    if (frame === 'single') this.#inSingle(character)
    else if (frame === 'comment') this.#inComment(character)
    else if (frame === 'backquote') this.#inBackquote(character)
    else if (!this.#afterPending(character)) this.#plain(frame, character)
  }

  #inSingle(character: string): void {
    if (character === "'") this.#stack.pop()
    this.#lineBreak(character)
  }

  #inComment(character: string): void {
    if (character !== '\n') return
    this.#stack.pop()
    this.#plain(this.#frame, character)
  }

  #inBackquote(character: string): void {
    if (this.#pending === '\\') this.#pending = ''
    else if (character === '\\') this.#pending = '\\'
    else if (character === '`') this.#stack.pop()
    this.#lineBreak(character)
  }

  /** Handles what `\`, `$`, `$(` and the first `)` of an arithmetic expansion make of the next character. */
  #afterPending(character: string): boolean {
    const pending = this.#pending
    this.#pending = ''
    if (pending === '\\') {
      this.#afterBackslash(character)
      return true
    }
    if (pending === '$') return this.#afterDollar(character)
    if (pending === '$(' && character === '(') {
      this.#stack[this.#stack.length - 1] = 'arithmetic'
      return true
    }
    if (pending !== ')') return false
    if (character === ')') this.#stack.pop()
    else this.#opaque = 'a parenthesis that may be arithmetic'
    return true
  }

  /** A continuation between words is layout; inside quotes it is part of a value, so it counts as a line break. */
  #afterBackslash(character: string): void {
    const frame = this.#frame
    if (character !== '\n') this.#word += character
    else if (frame !== 'code' && frame !== 'parenthesis') this.#lineBreak(character)
  }

  #afterDollar(character: string): boolean {
    if (character === '(') {
      this.#stack.push('parenthesis')
      this.#pending = '$('
      this.#word = ''
      return true
    }
    if (character === '{') {
      this.#stack.push('parameter')
      return true
    }
    // Only some shells know $'…', and in them a backslash escapes the closing quote.
    if (character === "'" && this.#frame !== 'double') this.#opaque = "a $'…'"
    // A parameter of its own: what follows "$$" is plain text, also when that is a parenthesis.
    return character === '#' || character === '$'
  }

  #plain(frame: Frame, character: string): void {
    if (/[\\$`"]/.test(character)) this.#special(frame, character)
    else if (frame === 'code' || frame === 'parenthesis') this.#code(frame, character)
    else if (frame !== 'double') this.#expansion(frame, character)
    else this.#lineBreak(character)
  }

  /** The characters that mean the same inside and outside of double quotes. */
  #special(frame: Frame, character: string): void {
    this.#endOperator()
    this.#word += character
    if (character === '\\' || character === '$') this.#pending = character
    else if (character === '`') this.#stack.push('backquote')
    else if (frame === 'double') this.#stack.pop()
    else this.#stack.push('double')
  }

  #expansion(frame: Frame, character: string): void {
    // Whether a single quote quotes inside ${…} depends on where the ${…} itself stands.
    if (character === "'") this.#opaque = `a quote inside ${FRAME_NAMES[frame]}`
    else if (frame === 'parameter' && character === '}') this.#stack.pop()
    else if (frame !== 'parameter' && character === '(') this.#stack.push('group')
    else if (frame === 'group' && character === ')') this.#stack.pop()
    else if (frame === 'arithmetic' && character === ')') this.#pending = ')'
    this.#lineBreak(character)
  }

  #code(frame: Frame, character: string): void {
    if (/[\s;&|()<>]/.test(character)) {
      this.#delimiter(frame, character)
    } else if (character === '#' && this.#word === '') {
      this.#traits.comment = true
      this.#stack.push('comment')
    } else {
      this.#endOperator()
      this.#word += character
      if (character === "'") this.#stack.push('single')
    }
  }

  #delimiter(frame: Frame, character: string): void {
    this.#endWord()
    if (/\s/.test(character)) this.#endOperator()
    else this.#operator += character
    if (this.#operator.endsWith('<<')) {
      this.#traits.hereDocument = true
      this.#opaque = 'a here-document'
    }
    if (character === '(') this.#stack.push('parenthesis')
    if (character === ')' && frame === 'parenthesis') this.#stack.pop()
    this.#lineBreak(character)
  }

  /** The patterns of a `case` have a lone `)`, which would seem to end a substitution around it. */
  #endWord(): void {
    const nested = this.#stack.some((frame) => frame !== 'code' && frame !== 'parenthesis')
    if (this.#word === 'case' && nested) this.#opaque = 'a case inside quotes'
    this.#word = ''
  }

  #endOperator(): void {
    if (/;|\|\||(?:^|[()])&(?:$|[()])/.test(this.#operator)) this.#traits.compound = true
    this.#operator = ''
  }

  #lineBreak(character: string): void {
    if (character === '\n') this.#traits.lineBreak = true
  }
}
