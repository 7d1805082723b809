import { FlistError } from '../errors.ts'

/** Where readers find the chunks whose id begins with a byte from `start` to `end`, both included. */
export type FlRoute = { readonly start: number; readonly end: number; readonly url: string }

/**
 * Refuses routes that leave some chunks nowhere, that are no addresses, or that would publish a password. Throws
 * `invalid` with all problems.
 */
export function checkRoutes(routes: readonly FlRoute[]): void {
  const problems: string[] = []
  for (const route of routes) problems.push(...routeProblems(route))
  const gap = firstGap(routes)
  if (gap !== undefined) problems.push(`no route for ids that begin with ${hexByte(gap)}`)
  if (problems.length > 0) throw new FlistError('invalid', `routes of a .fl: ${problems.join('; ')}`)
}

/** What is wrong with a route. */
export function* routeProblems({ start, end, url }: FlRoute): Generator<string> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined) yield `"${url}" is no address; use dir:///path or zdb://host:port/namespace`
  else if (parsed.password) yield `the route to "${parsed.host}" carries a password, which readers do not need`
  if (!isByte(start) || !isByte(end) || start > end) yield `${start} to ${end} is no range of bytes`
}

/** The first byte no route has. */
export function firstGap(routes: readonly FlRoute[]): number | undefined {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)
  return bytes.find((byte) => !routes.some(({ start, end }) => start <= byte && byte <= end))
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xff
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
