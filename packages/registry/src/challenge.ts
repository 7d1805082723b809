/** One way of authenticating a server offers in `WWW-Authenticate`. */
export type Challenge = {
  /** Lower case: `bearer`, `basic` */
  readonly scheme: string
  /** Names are lower case, values as sent; a token68 is not kept */
  readonly parameters: ReadonlyMap<string, string>
}

const SEPARATORS = /[\s,]*/y
const SCHEME = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=[\s,]|$)[ \t]*/y
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y
// Values outside quotes may be more than the tokens of the RFC: some registries send a bare URL as realm.
const PARAMETER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y

/**
 * Reads a `WWW-Authenticate` header: several challenges may share a line, parted by the same commas as their parameters.
 * Reading ends at the first place that is not a challenge; what stands before it is kept.
 *
 * Source: RFC 9110, 11.2 to 11.6.1.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = []
  let position = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position
    const match = pattern.exec(header)
    if (match !== null) position = pattern.lastIndex
    return match ?? undefined
  }
  for (;;) {
    take(SEPARATORS)
    const scheme = take(SCHEME)?.[1]
    if (scheme === undefined) return challenges
    const parameters = new Map<string, string>()
    if (take(TOKEN68) === undefined) {
      for (let match = take(PARAMETER); match !== undefined; match = take(PARAMETER)) {
        const [, name = '', quoted, bare] = match
        parameters.set(name.toLowerCase(), quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'))
        take(SEPARATORS)
      }
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
  }
}
