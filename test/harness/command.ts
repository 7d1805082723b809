import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export const repository = join(import.meta.dirname, '..', '..')

export type CommandResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export type CommandOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** How output becomes text; `latin1` keeps every byte. */
  readonly encoding?: BufferEncoding
  /** Called when the process runs, for tests that watch or interrupt it. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void, stderr: Readable, stdout: Readable) => void
}

/** Runs a program to its end and gives what a user would see. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: options.cwd ?? repository,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
  child.stdout.on('data', (bytes: Buffer) => output.stdout.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => output.stderr.push(bytes))
  options.onStart?.((signal) => child.kill(signal), child.stderr, child.stdout)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return {
    code,
    stdout: Buffer.concat(output.stdout).toString(options.encoding),
    stderr: Buffer.concat(output.stderr).toString(),
  }
}

/** `./flist …` as a user runs it. */
export function flist(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runCommand(join(repository, 'flist'), args, options)
}
