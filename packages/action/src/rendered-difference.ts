import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Bytes of a difference that is read at all; a comment has room for less. */
const MOST = 4 << 20

/**
 * What a pull request changes in the rendered Dockerfiles, as a unified diff. A pull request is checked out as its merge, whose first
 * parent is what it is merged into; that has to be there (`fetch-depth: 2`).
 *
 * @returns undefined where that can not be told
 */
export async function readRenderedDifference(root: string): Promise<string | undefined> {
  const args = [
    '-c',
    'core.quotePath=false',
    'diff',
    '--no-color',
    '--no-ext-diff',
    'HEAD^1',
    'HEAD',
    '--',
    'dockerfiles',
  ]
  try {
    const { stdout } = await promisify(execFile)('git', args, { cwd: root, maxBuffer: MOST })
    return stdout
  } catch {
    return undefined
  }
}
