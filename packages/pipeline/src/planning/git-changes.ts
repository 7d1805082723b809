import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PipelineError } from '../errors.ts'

const run = promisify(execFile)

/** Names of a large repository's files. */
const OUTPUT_LIMIT = 64 * 1024 * 1024

/**
 * The commit that a name stands for.
 *
 * @throws PipelineError 'bad-settings' where git or the commit is not there
 */
export async function resolveCommit(root: string, name: string, signal?: AbortSignal): Promise<string> {
  try {
    const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
    return (await git(root, words, signal)).trim()
  } catch (cause) {
    signal?.throwIfAborted()
    const text = `"${name}": git knows no such commit in ${root}; name a commit, branch or tag (a shallow clone has few: fetch it)`
    throw new PipelineError('bad-settings', text, { cause })
  }
}

/** The files below `root` that differ from a commit, committed since or not, and those that git does not know yet. */
export async function changedFiles(root: string, commit: string, signal?: AbortSignal): Promise<readonly string[]> {
  const [changed, untracked] = await Promise.all([
    git(root, ['diff', '--name-only', '--no-renames', '--relative', '-z', commit, '--'], signal),
    git(root, ['ls-files', '--others', '--exclude-standard', '-z'], signal),
  ])
  return [...new Set(`${changed}${untracked}`.split('\0').filter((name) => name !== ''))].sort()
}

/** The text of a file below `root` as it was in a commit; undefined when it was not there. */
export async function fileAt(root: string, commit: string, path: string): Promise<string | undefined> {
  return git(root, ['show', `${commit}:./${path}`]).catch(() => undefined)
}

async function git(root: string, words: readonly string[], signal?: AbortSignal): Promise<string> {
  const options = { cwd: root, maxBuffer: OUTPUT_LIMIT, ...(signal ? { signal } : {}) }
  return (await run('git', words, options)).stdout
}
