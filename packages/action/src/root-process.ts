import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ActionName } from './definitions/actions.ts'

/** Says that this process is the one that was started as root. */
const MARK = 'TF_IMAGES_AS_ROOT'

/**
 * Runs the same action as root, where this process is not: runners have a user with `sudo`. What it prints and writes to the files of
 * the runner is the step's own.
 *
 * @returns true when that was done, and nothing is left to do
 * @throws Error when there is no way to become root
 */
export async function runAsRoot(action: ActionName): Promise<boolean> {
  if (process.getuid?.() === 0) return false
  const needed = `${action}: this needs root, and "sudo" can not be used without a password`
  if (process.env[MARK]) throw new Error(`${needed}; run the job as root`)
  const entry = process.argv[1] ?? fileURLToPath(import.meta.url)
  const child = spawn('sudo', ['--non-interactive', '--preserve-env', `${MARK}=1`, process.execPath, entry], {
    stdio: 'inherit',
  })
  const code = await Promise.race([
    once(child, 'exit').then(([code]) => code),
    once(child, 'error').then(([error]) => {
      throw new Error(`${needed}; run the job as root`, { cause: error })
    }),
  ])
  // What went wrong was said by the other process.
  if (code !== 0) process.exitCode = typeof code === 'number' ? code : 1
  return true
}
