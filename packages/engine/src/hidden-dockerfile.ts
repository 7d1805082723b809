import { type ContextEntry, IGNORE_FILE } from './context-files.ts'
import { readDockerfile } from './context-tar.ts'

/**
 * Adds a Dockerfile to a context that no instruction of it can copy: the engine removes a Dockerfile that `.dockerignore` names once it
 * has read it. A `.dockerignore` that is part of the context stays so, with one line more.
 *
 * @returns the context, and the path of the Dockerfile in it
 */
export async function addDockerfile(
  entries: readonly ContextEntry[],
  text: string,
): Promise<{ readonly entries: ContextEntry[]; readonly built: string }> {
  const paths = new Set(entries.map(({ path }) => path))
  let built = '.built.Dockerfile'
  while (paths.has(built)) built = `.${built}`
  const rules = entries.find((entry) => entry.path === IGNORE_FILE && !('target' in entry))
  const lines = [rules ? await readDockerfile([rules], IGNORE_FILE) : IGNORE_FILE, built, '']
  const others = entries.filter(({ path }) => path !== IGNORE_FILE)
  return { entries: [...others, textFile(IGNORE_FILE, lines.join('\n')), textFile(built, text)], built }
}

function textFile(path: string, text: string): ContextEntry {
  return { path, mode: 0o644, content: Buffer.from(text) }
}
