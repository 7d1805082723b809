import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A set-up step that can not go on. The message says what is wrong and what to do; it is shown without a stack. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

export function say(text: string): void {
  console.log(`setup: ${text}`)
}

/** The full path of a program, also from the administrator's folders that a user's PATH may lack; or of a file, given whole. */
export function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Words to put before a command that needs root: none as root, `sudo` where there is one, else nothing works. */
export function rootPrefix(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return []
  return findProgram('sudo') ? ['sudo'] : undefined
}

/**
 * Installs Debian or Ubuntu packages whose program is missing, after saying which.
 *
 * @param wanted program, or path of another file → package that has it
 * @throws SetupError with the exact command to run where neither root nor sudo is at hand
 */
export function ensurePackages(wanted: Readonly<Record<string, string>>): void {
  const packages = Object.entries(wanted)
    .filter(([program]) => !findProgram(program))
    .map(([, name]) => name)
  if (packages.length === 0) return
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages]
  const prefix = rootPrefix()
  if (!existsSync('/usr/bin/apt-get') || !prefix) {
    const how = existsSync('/usr/bin/apt-get')
      ? `run as root: ${install.join(' ')}`
      : 'install them with your package manager'
    throw new SetupError(`${packages.join(', ')} must be installed and there is no way to do it from here; ${how}`)
  }
  say(`installing from the distribution's archive: ${packages.join(' ')}`)
  runQuietly([...prefix, 'apt-get', 'update'])
  runQuietly([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...install])
}

/** Runs a command; its output is shown only when it fails. */
function runQuietly(command: readonly string[]): void {
  const [program = '', ...args] = command
  const result = spawnSync(program, args, { stdio: ['inherit', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 64 << 20 })
  if (result.status === 0) return
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trimEnd().split('\n').slice(-15).join('\n')
  throw new SetupError(
    `\`${command.join(' ')}\` failed (${result.error?.message ?? `exit code ${result.status}`}):\n${output}`,
  )
}
