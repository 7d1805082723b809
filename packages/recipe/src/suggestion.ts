/**
 * The hint for a misspelt name: `did you mean "sshd"?` when one of the known names is close, else the list of the known
 * names when it is short, else nothing.
 */
export function suggest(name: string, known: Iterable<string>): string | undefined {
  const names = [...known]
  const limit = Math.max(1, Math.floor(name.length / 3))
  let best: { name: string; distance: number } | undefined
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name: candidate, distance }
  }
  best ??= startingWith(name, names)
  if (best) return `did you mean "${best.name}"?`
  if (names.length === 0 || names.length > 12) return undefined
  return `known: ${names.map((known) => `"${known}"`).join(', ')}`
}

/** A word that was cut short, as in "bool". */
function startingWith(name: string, known: readonly string[]): { name: string; distance: number } | undefined {
  const longer = name.length < 3 ? undefined : known.find((candidate) => candidate.startsWith(name))
  return longer === undefined ? undefined : { name: longer, distance: longer.length - name.length }
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let distance = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) distance = Math.min(distance, (beforeLast[column - 2] ?? 0) + 1)
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}
