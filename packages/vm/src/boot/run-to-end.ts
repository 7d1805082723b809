import { text } from 'node:stream/consumers'
import { VmError } from '../errors.ts'
import { runTool } from '../tool.ts'
import { systemPath } from './machine-tools.ts'

/**
 * Runs a program that has to succeed.
 *
 * @returns what it wrote to stdout
 * @throws VmError 'boot-failed' with its last lines
 */
export async function runToEnd(command: readonly string[], signal?: AbortSignal): Promise<string> {
  let output = ''
  const { exitCode, tail } = await runTool(command, {
    environment: { PATH: systemPath.join(':'), LC_ALL: 'C.UTF-8', HOME: '/nonexistent' },
    onLine: () => {},
    readOutput: async (stdout) => {
      output = await text(stdout)
    },
    ...(signal ? { signal } : {}),
  })
  if (exitCode === 0) return output
  const said = tail.at(-1) ?? output.trim().split('\n').at(-1) ?? ''
  throw new VmError(
    'boot-failed',
    `${command[0]}: ended with exit code ${exitCode} after ${JSON.stringify(said)}; see its last lines`,
    {
      output: tail,
    },
  )
}
