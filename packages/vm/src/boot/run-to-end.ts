import { text } from 'node:stream/consumers'
import { VmError } from '../errors.ts'
import { runTool } from '../tool.ts'
import { systemPath } from './machine-tools.ts'

/**
 * Runs a program that has to succeed.
 *
 * @param directory where it works. Default: where this process does, so that relative paths mean the same
 * @returns what it wrote to stdout
 * @throws VmError 'boot-failed' with its last lines, 'cancelled'
 */
export async function runToEnd(
  command: readonly string[],
  signal?: AbortSignal,
  directory = process.cwd(),
): Promise<string> {
  let output = ''
  const { exitCode, tail } = await runTool(command, {
    environment: { PATH: systemPath.join(':'), LC_ALL: 'C.UTF-8', HOME: '/nonexistent' },
    onLine: () => {},
    readOutput: async (stdout) => {
      output = await text(stdout)
    },
    directory,
    ...(signal ? { signal } : {}),
  })
  if (signal?.aborted)
    throw new VmError('cancelled', `${command[0]}: cancelled by the caller; run it again`, { cause: signal.reason })
  if (exitCode === 0) return output
  const said = tail.at(-1) ?? output.trim().split('\n').at(-1) ?? ''
  const how = exitCode === undefined ? 'was killed' : `ended with exit code ${exitCode}`
  const remedy = /no space left/i.test(tail.join('\n')) ? 'free disk space' : 'see its last lines'
  throw new VmError('boot-failed', `${command[0]}: ${how} after ${JSON.stringify(said)}; ${remedy}`, {
    output: tail,
  })
}
