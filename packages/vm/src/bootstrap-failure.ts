import type { BootstrapOptions } from './bootstrap-options.ts'
import { VmError } from './errors.ts'
import type { ToolEnd } from './tool.ts'

/** What to do about a failure that mmdebstrap, apt or dpkg tell in their last lines; the first that fits. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /NO_PUBKEY|is not signed|no valid OpenPGP/i,
    'install the keys of the distribution (apt-get install debian-archive-keyring)',
  ],
  [/no space left/i, 'free disk space'],
  [
    /could not resolve|temporary failure resolving|connection (refused|failed|timed out)|unable to connect/i,
    'check the network and the mirror',
  ],
  [
    /does not have a release file|404 +not found|did not find any indices|no longer has a release file/i,
    'check the release, its components and the mirror',
  ],
  [
    /unable to locate package|has no installation candidate|version '.*' for '.*' was not found/i,
    'check the names of the packages',
  ],
  [/subuid|subgid/i, 'give the user a range in /etc/subuid and /etc/subgid, or run as root'],
  [/unshare(\(\))? failed|operation not permitted/i, 'allow user namespaces, or run as root with all capabilities'],
]

/** What mmdebstrap says of a command of its own that failed: that command's own error comes before it. */
const consequence = /^E: (mmdebstrap failed to run|setup failed|run_|\S*(apt-get|dpkg|env|chroot|tar) .* failed)/

/** @returns the error for an mmdebstrap that ended with anything but success */
export function bootstrapFailure({ release }: BootstrapOptions, { exitCode, tail }: ToolEnd): VmError {
  const text = tail.join('\n')
  const remedy = remedies.find(([pattern]) => pattern.test(text))?.[1] ?? 'see its last lines'
  const how = exitCode === undefined ? 'was killed' : `ended with exit code ${exitCode}`
  const said = tail.findLast((line) => /^E: /.test(line) && !consequence.test(line)) ?? tail.at(-1)
  const problem = said === undefined ? '' : ` after ${JSON.stringify(said)}`
  return new VmError('bootstrap-failed', `bootstrap of "${release}": mmdebstrap ${how}${problem}; ${remedy}`, {
    output: tail,
  })
}
