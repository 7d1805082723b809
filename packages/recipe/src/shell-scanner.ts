import { FRAME_NAMES, type Frame, isCode } from './shell-frame.ts'

/** What a `#` would be at a point: it begins a comment, it is a character of a word, or shells do not agree. */
type Hash = 'comment' | 'plain' | 'unsure'

/** A point in a text where alternatives begin or end. */
export type ScanPoint = {
  /** To compare the ends of alternatives with; undefined in the middle of an escape or operator. */
  readonly quoting: string | undefined
  readonly hash: Hash
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
 * be one quoted word (POSIX.1-2017, XCU 2.2, 2.3 and 2.6). It errs to the safe side: where quoting is not certain in
 * every shell, it says no from there on.
 */
export class ShellScanner {
  #stack: Frame[] = ['code']
  #pending: '' | '$' | '$$' | '$(' | '${' | ')' = ''
  #escaped = false
  #word = ''
  #hash: Hash = 'comment'
  #operator = ''
  #doubt: string | undefined
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
    this.#escaped = false
    this.#inWord('x')
    return refusal
  }

  /** Where a block of alternatives begins or ends. */
  point(): ScanPoint {
    this.#cut()
    const isBetween = this.#pending === '' && !this.#escaped
    return { quoting: isBetween ? this.#stack.join(' ') : undefined, hash: this.#hash }
  }

  /** The next alternative begins where the ones before it did. */
  goBack({ quoting, hash }: ScanPoint): void {
    this.#cut()
    if (quoting !== undefined) this.#stack = quoting.split(' ') as Frame[]
    this.#hash = hash
  }

  /** What follows comes after this text or after the alternative that ended there. */
  join({ hash }: ScanPoint): void {
    this.#cut()
    if (hash !== this.#hash) this.#hash = 'unsure'
  }

  /** Why the text can not end here, if it can not. */
  end(): string | undefined {
    const open = this.#stack.findLast((frame) => frame !== 'comment' && frame !== 'code')
    if (open !== undefined) return `${FRAME_NAMES[open]} not closed`
    if (this.#escaped) return 'a backslash at the end'
    return /[;&|]$/.test(this.#operator) ? `"${this.#operator}" at the end` : undefined
  }

  /** What is before a block and what is in it may be one word or operator, or two. */
  #cut(): void {
    if (this.#operator.endsWith('<')) this.#doubtAfter('an operator that a block splits')
    if (this.#word !== '' && 'case'.startsWith(this.#word) && this.#isNested())
      this.#doubtAfter('a word that a block splits')
    if (/[;|&]/.test(this.#operator)) this.#traits.compound = true
    this.#operator = ''
    this.#word = ''
  }

  #refusal(): string | undefined {
    if (this.#doubt !== undefined) return `after ${this.#doubt}`
    if (this.#escaped) return 'right after a backslash'
    if (this.#pending === '$' || this.#pending === '$$') return 'right after a "$"'
    return isCode(this.#frame) ? undefined : `inside ${FRAME_NAMES[this.#frame]}`
  }

  get #frame(): Frame {
    return this.#stack.at(-1) ?? 'code'
  }

  #doubtAfter(what: string): void {
    this.#doubt ??= what
  }

  #isNested(): boolean {
    return this.#stack.some((frame) => !isCode(frame))
  }

  #step(character: string): void {
    const frame = this.#frame
    if (frame === 'single') this.#inSingle(character)
    else if (frame === 'comment') this.#inComment(character)
    else if (frame === 'backquote') this.#inBackquote(character)
    else if (this.#escaped) this.#afterBackslash(frame, character)
    else if (character === '\\') this.#escaped = true
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
    if (this.#escaped) this.#escaped = false
    else if (character === '\\') this.#escaped = true
    else if (character === '`') this.#stack.pop()
    this.#lineBreak(character)
  }

  #afterBackslash(frame: Frame, character: string): void {
    this.#escaped = false
    if (character === '\n') {
      this.#continueLine(frame)
      return
    }
    this.#afterPending('\\')
    this.#endOperator()
    this.#inWord(character)
  }

  /** Shells take a continuation away before they look at words. Between words it is layout; inside quotes it is part of a value. */
  #continueLine(frame: Frame): void {
    if (this.#pending !== '' || this.#operator.endsWith('<')) this.#doubtAfter('an operator on two lines')
    this.#hash = 'unsure'
    if (!isCode(frame)) this.#traits.lineBreak = true
  }

  /** Handles what `$`, `$$`, `$(`, `${` and the first `)` of an arithmetic expansion make of the next character. */
  #afterPending(character: string): boolean {
    const pending = this.#pending
    this.#pending = ''
    if (pending === '$') return this.#afterDollar(character)
    // Inside of quotes bash takes the second "$" for the begin of an expansion.
    if (pending === '$$' && /[({['"]/.test(character)) this.#doubtAfter('a bracket or quote right after "$$"')
    if (pending === '${' && !/[\w#?!@*-]/.test(character)) this.#doubtAfter(`an unusual \${…}`)
    if (pending === '$(' && character === '(') {
      this.#stack[this.#stack.length - 1] = 'arithmetic'
      return true
    }
    if (pending !== ')') return false
    if (character === ')') this.#stack.pop()
    else this.#doubtAfter('a parenthesis that may be arithmetic')
    this.#inWord(')')
    return true
  }

  #afterDollar(character: string): boolean {
    if (character === '(' || character === '{') {
      this.#stack.push(character === '(' ? 'substitution' : 'parameter')
      this.#pending = character === '(' ? '$(' : '${'
      this.#word = ''
      this.#hash = 'comment'
      return true
    }
    // Only some shells know these two. In the first a backslash escapes the closing quote, the second computes.
    if (character === "'" && this.#frame !== 'double') this.#doubtAfter("a $'…'")
    if (character === '[') this.#doubtAfter('a $[…]')
    if (character === '$') this.#pending = '$$'
    return character === '#' || character === '$'
  }

  #plain(frame: Frame, character: string): void {
    if (/[$`"]/.test(character)) this.#special(frame, character)
    else if (isCode(frame) && /[ \t\n;&|()<>]/.test(character)) this.#delimiter(frame, character)
    else if (isCode(frame)) this.#code(character)
    else if (frame !== 'double') this.#expansion(frame, character)
    else this.#lineBreak(character)
  }

  /** The characters that mean the same inside and outside of double quotes. */
  #special(frame: Frame, character: string): void {
    this.#endOperator()
    this.#inWord(character)
    if (character === '$') this.#pending = character
    else if (character === '`') this.#stack.push('backquote')
    else if (frame === 'double') this.#stack.pop()
    else if (frame === 'arithmetic' || frame === 'group') this.#expansion(frame, character)
    else this.#stack.push('double')
  }

  #expansion(frame: Frame, character: string): void {
    // Whether one quotes depends on the shell in $((…)), and for a single quote in ${…} on where the ${…} itself stands.
    if (/['"]/.test(character)) this.#doubtAfter(`a quote inside ${FRAME_NAMES[frame]}`)
    else if (frame === 'parameter' && character === '}') this.#stack.pop()
    else if (frame !== 'parameter' && character === '(') this.#stack.push('group')
    else if (frame === 'group' && character === ')') this.#stack.pop()
    else if (frame === 'arithmetic' && character === ')') this.#pending = ')'
    this.#hash = 'plain'
    this.#lineBreak(character)
  }

  #code(character: string): void {
    if (/\s/.test(character)) this.#doubtAfter('a character that only some shells take for a blank')
    if (character === '#' && this.#hash === 'unsure') this.#doubtAfter('a "#" that may begin a comment')
    if (character === '#' && this.#hash === 'comment') {
      this.#traits.comment = true
      this.#stack.push('comment')
      return
    }
    this.#endOperator()
    this.#inWord(character)
    if (character === "'") this.#stack.push('single')
  }

  #delimiter(frame: Frame, character: string): void {
    this.#endWord()
    if (/\s/.test(character)) this.#endOperator()
    else this.#operator += character
    if (this.#operator.endsWith('<<')) {
      this.#traits.hereDocument = true
      this.#doubtAfter('a here-document')
    }
    if (this.#operator.endsWith('((')) this.#doubtAfter('a "((", which may be arithmetic')
    if (character === '(') this.#stack.push('parenthesis')
    if (character === ')' && frame !== 'code') this.#stack.pop()
    // Whether a word goes on depends on what the parenthesis belongs to, which a `case` hides.
    this.#hash = character === ')' ? 'unsure' : 'comment'
    this.#lineBreak(character)
  }

  #inWord(character: string): void {
    this.#word += character
    this.#hash = 'plain'
  }

  /** The patterns of a `case` have a lone `)`, which would seem to end a substitution around it. */
  #endWord(): void {
    if (this.#word === 'case' && this.#isNested()) this.#doubtAfter('a case inside quotes')
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
