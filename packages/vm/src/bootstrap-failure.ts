import type { BootstrapOptions } from './bootstrap-options.ts'
import { type BootstrapFailure, VmError } from './errors.ts'
import type { ToolEnd } from './tool.ts'

/** What a step of a machine says that failed, see `commandText`. */
const failedStep = /^E: (\S+:\d+:\d+): (the command ended with exit code \d+)$/m

/** What mmdebstrap, apt or dpkg tell in their last lines, and what to do about it; the first that fits. */
const causes: readonly (readonly [BootstrapFailure, RegExp, string])[] = [
  // On a full disk apt can not check signatures either.
  ['disk-full', /no space left|You don't have enough free space/i, 'free disk space'],
  // Of pacman, which ends by calling the signature bad.
  [
    'keyring',
    /key "[^"]*" is unknown|could not be looked up|is unknown trust|required key missing/i,
    'give the folder of keys that pacman-key made for this distribution',
  ],
  // After a bad signature apt goes on to say that the archive is not signed.
  [
    'signature',
    /BADSIG|EXPKEYSIG|REVKEYSIG|KEYEXPIRED|EXPSIG|NOSPLIT|Invalid Release signature|PGP signature|Release file .* is expired/,
    'its signature is bad or too old: check the mirror, update the keys, name an old archive as a snapshot',
  ],
  [
    'keyring',
    /NO_PUBKEY|signed by unknown key|is not signed|no valid OpenPGP/i,
    'install the keys of the distribution (apt-get install debian-archive-keyring), or give its keyring',
  ],
  [
    'archive-changed',
    /hash sum mismatch|file has unexpected size|invalid or corrupted package \(checksum\)/i,
    'the archive changes at this time: try again',
  ],
  [
    'archive-down',
    /could not resolve|temporary failure resolving|connection (refused|failed|timed out|reset)|unable to connect|error reading from server/i,
    'check the network and the mirror',
  ],
  [
    'packages',
    /unable to locate package|target not found|has no installation candidate|version '.*' for '.*' was not found/i,
    'check the names of the packages',
  ],
  [
    'release',
    /does not have a release file|no such script|failed getting release file|404 +not found|did not find any indices|no longer has a release file/i,
    'check the release, its components and the mirror',
  ],
  ['privilege', /subuid|subgid/i, 'give the user a range in /etc/subuid and /etc/subgid, or run as root'],
  [
    'privilege',
    /unshare(\(\))? failed|operation not permitted/i,
    'allow user namespaces, or run as root with all capabilities',
  ],
]

/** How apt names a package it does not have; the name as it was asked for is the last group that is there. */
const unknownPackage =
  /^(?:error: target not found: (\S+)|E: Unable to locate package (\S+)|E: Package '(\S+)' has no installation candidate|E: Version '(\S+)' for '(\S+)' was not found)/

/** What mmdebstrap says of a command of its own that failed: that command's own error comes before it. */
const consequence = /^E: (mmdebstrap failed to run|setup failed|run_|\S*(apt-get|dpkg|env|chroot|tar) .* failed)/

/** @returns the error for a bootstrap that ended with anything but success */
export function bootstrapFailure(
  { release, tool = 'mmdebstrap' }: BootstrapOptions,
  { exitCode, tail }: ToolEnd,
): VmError {
  const text = tail.join('\n')
  const step = /no space left/i.test(text) ? undefined : stepFailure(tail)
  if (step) return step
  const [failure, , remedy = 'see its last lines'] = causes.find(([, pattern]) => pattern.test(text)) ?? []
  const how = exitCode === undefined ? 'was killed' : `ended with exit code ${exitCode}`
  const said = tail.findLast((line) => /^(?:E|error): /.test(line) && !consequence.test(line)) ?? tail.at(-1)
  const problem = said === undefined ? '' : ` after ${JSON.stringify(said)}`
  return new VmError('bootstrap-failed', `bootstrap of "${release}": ${tool} ${how}${problem}; ${remedy}`, {
    output: tail,
    failure,
    packages: [...new Set(tail.flatMap(askedFor))],
  })
}

/** A command of the machine that failed, with what it said last. */
function stepFailure(tail: readonly string[]): VmError | undefined {
  const at = tail.findIndex((line) => failedStep.test(line))
  const [, place, how] = failedStep.exec(tail[at] ?? '') ?? []
  if (place === undefined) return undefined
  const said = tail[at - 1]
  const after = said === undefined || said.startsWith('I: ') ? '' : ` after ${JSON.stringify(said)}`
  const message = `${place}: ${how}${after}; correct it`
  return new VmError('bootstrap-failed', message, { output: tail, failure: 'step', place })
}

function askedFor(line: string): string[] {
  const [, target, missing, unavailable, version, versioned] = unknownPackage.exec(line) ?? []
  const name = target ?? missing ?? unavailable ?? (version && versioned && `${versioned}=${version}`)
  return name === undefined ? [] : [name]
}
