/**
 * The names with everything they depend on before them, otherwise in the order given. A name that depends on itself is
 * handed to `onCycle` with the way round, as in `[a, b, a]`, once a cycle. Dependencies that are not among the names are
 * passed over.
 */
export function dependencyOrder(
  names: Iterable<string>,
  dependenciesOf: (name: string) => readonly string[],
  onCycle: (cycle: readonly string[]) => void,
): string[] {
  const known = new Set(names)
  const done = new Set<string>()
  const way: string[] = []
  const visit = (name: string): void => {
    if (done.has(name) || !known.has(name)) return
    const start = way.indexOf(name)
    if (start >= 0) {
      onCycle([...way.slice(start), name])
      return
    }
    way.push(name)
    for (const dependency of dependenciesOf(name)) visit(dependency)
    way.pop()
    done.add(name)
  }
  for (const name of known) visit(name)
  return [...done]
}
