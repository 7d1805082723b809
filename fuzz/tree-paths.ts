/** Throws where a path of a tree that was read would lead elsewhere on a file system. */
export function checkPaths(entries: Iterable<{ readonly path: string }>): void {
  for (const { path } of entries) {
    const leadsElsewhere = path.split('/').some((name) => name === '' || name === '.' || name === '..')
    if (path !== '' && (leadsElsewhere || path.includes('\0'))) throw new Error(`${JSON.stringify(path)} was read`)
  }
}
