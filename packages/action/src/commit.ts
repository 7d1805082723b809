import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * When the commit that is built was made, in seconds since the epoch: so an image is the same whenever it is built. SOURCE_DATE_EPOCH has
 * the first word (https://reproducible-builds.org/specs/source-date-epoch/).
 *
 * @returns undefined where the recipes are in no repository
 */
export async function commitTime(root: string): Promise<number | undefined> {
  const given = process.env.SOURCE_DATE_EPOCH
  if (given !== undefined && /^\d{1,12}$/.test(given)) return Number(given)
  try {
    const { stdout } = await promisify(execFile)('git', ['log', '-1', '--format=%ct', 'HEAD'], { cwd: root })
    const seconds = Number(stdout.trim())
    return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined
  } catch {
    return undefined
  }
}

/** Options that say where and when an image is from. */
export async function originOf(root: string): Promise<{ readonly created?: number; readonly source?: string }> {
  const created = await commitTime(root)
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env
  return {
    ...(created === undefined ? {} : { created }),
    ...(server && repository ? { source: `${server}/${repository}` } : {}),
  }
}
