import { quoted } from '../shell-word.ts'
import { runTool } from '../tool.ts'
import { requireTool, systemPath } from './machine-tools.ts'

/** Something that must hold in a machine that is ready. */
export type BootCheck = { readonly name?: string } & (
  | /** A shell command, which ends with 0; its output has `expect` in it, where given. */
  { readonly kind: 'command'; readonly command: string; readonly expect?: string }
  /** Something listens on a TCP port of the machine. */
  | { readonly kind: 'port'; readonly port: number }
  /** A file is there, has a text in it and the mode, where given. */
  | { readonly kind: 'file'; readonly path: string; readonly contains?: string; readonly mode?: number }
  /** A unit of systemd is active. */
  | { readonly kind: 'service'; readonly service: string }
)

export type CheckResult = {
  readonly name: string
  readonly passed: boolean
  /** What was seen, where it did not pass. */
  readonly detail: string
  readonly milliseconds: number
}

/** How to reach a machine. */
export type SshAccess = { readonly port: number; readonly keyFile: string }

export function checkName(check: BootCheck): string {
  if (check.name !== undefined) return check.name
  if (check.kind === 'command') return `command ${JSON.stringify(check.command)}`
  if (check.kind === 'port') return `port ${check.port}`
  return check.kind === 'file' ? `file ${check.path}` : `service ${check.service}`
}

/** Arguments of ssh that reach a machine whose host key nobody knows yet. */
export function sshArguments({ port, keyFile }: SshAccess): string[] {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'GlobalKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'ConnectTimeout=30',
    'ServerAliveInterval=15',
  ]
  return [
    '-F',
    'none',
    '-i',
    keyFile,
    '-p',
    String(port),
    ...options.flatMap((option) => ['-o', option]),
    'root@127.0.0.1',
  ]
}

/** Characters of a command's output that are kept: its begin. */
const mostOutput = 65_536

/** Runs a command in a machine. */
export async function runOverSsh(
  access: SshAccess,
  command: string,
  signal: AbortSignal,
): Promise<{ readonly exitCode: number | undefined; readonly output: string; readonly tail: readonly string[] }> {
  let output = ''
  const { exitCode, tail } = await runTool([await requireTool('ssh'), ...sshArguments(access), '--', command], {
    environment: { PATH: systemPath.join(':'), HOME: '/nonexistent' },
    onLine: () => {},
    readOutput: async (stdout) => {
      // The machine decides how much it says.
      for await (const part of stdout.setEncoding('utf8')) output = (output + String(part)).slice(0, mostOutput)
    },
    signal,
    grace: 1_000,
  })
  return { exitCode, output, tail }
}

/** @param signal ends a check that hangs, which then did not pass */
export async function runCheck(check: BootCheck, access: SshAccess, signal: AbortSignal): Promise<CheckResult> {
  const started = performance.now()
  const detail = await problemOf(check, access, signal)
  const milliseconds = Math.round(performance.now() - started)
  return { name: checkName(check), passed: detail === '', detail, milliseconds }
}

async function problemOf(check: BootCheck, access: SshAccess, signal: AbortSignal): Promise<string> {
  const answer = await runOverSsh(access, checkCommand(check), signal)
  return checkProblem(check, { ...answer, inTime: !signal.aborted })
}

/** How a command that {@link checkCommand} gave ended. */
export type CheckAnswer = {
  readonly exitCode: number | undefined
  readonly output: string
  /** Further lines it said. */
  readonly tail?: readonly string[]
  /** Whether it ended before it was stopped. */
  readonly inTime: boolean
}

/** What is wrong, by what the command of a check said; nothing where it holds. */
export function checkProblem(check: BootCheck, { exitCode, output, tail = [], inTime }: CheckAnswer): string {
  const said = [output.trim(), ...tail]
    .filter((part) => part !== '')
    .join(' | ')
    .slice(-500)
  if (!inTime) return `no answer in time${said === '' ? '' : `: ${said}`}`
  if (exitCode !== 0) return `exit code ${exitCode}${said === '' ? '' : `: ${said}`}`
  if (check.kind !== 'command' || check.expect === undefined || output.includes(check.expect)) return ''
  return `${JSON.stringify(check.expect)} is not in its output: ${said}`
}

/** The command of the shell that tells whether a check holds: it ends with 0 then. */
export function checkCommand(check: BootCheck): string {
  if (check.kind === 'command') return check.command
  if (check.kind === 'file') return fileCommand(check)
  if (check.kind === 'service') return `systemctl is-active -- ${quoted(check.service)}`
  // The state LISTEN is 0A; no tool for it is in every machine.
  const port = check.port.toString(16).toUpperCase().padStart(4, '0')
  return `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ': [0-9A-F]*:${port} [0-9A-F]*:0000 0A'`
}

function fileCommand({ path, contains, mode }: Extract<BootCheck, { kind: 'file' }>): string {
  const file = quoted(path)
  const all = [`ls -ld -- ${file}`]
  if (mode !== undefined) all.push(`[ "$(stat -L -c %a -- ${file})" = ${mode.toString(8)} ]`)
  if (contains !== undefined) all.push(`grep -qF -e ${quoted(contains)} -- ${file}`)
  return all.join(' && ')
}
