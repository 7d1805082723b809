import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { VmError } from './errors.ts'

/**
 * Finds out whether this user, who is not root, may make user namespaces, by making one.
 *
 * @throws VmError 'bootstrap-failed' with `failure: 'privilege'`
 */
export async function requireUserNamespace(release: string, searchPath: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('unshare', ['--user', '--map-root-user', 'true'], { env: { PATH: searchPath.join(':') } })
  } catch (error) {
    const said = String((error as { readonly stderr?: string }).stderr ?? '').trim()
    const problem = `this user is not root, and may not make user namespaces (${JSON.stringify(said)})`
    const settings =
      'user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns'
    throw new VmError(
      'bootstrap-failed',
      `bootstrap of "${release}": ${problem}; run it as root (sudo), or allow them (sysctl ${settings})`,
      { cause: error, failure: 'privilege' },
    )
  }
}
