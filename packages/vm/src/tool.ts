import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** How a tool ended. */
export type ToolEnd = {
  /** undefined when a signal ended it. */
  readonly exitCode: number | undefined
  /** The last lines it wrote to stderr, oldest first. */
  readonly tail: readonly string[]
}

export type ToolOptions = {
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>
  /** Receives each line of stderr. */
  readonly onLine: (line: string) => void
  /** Reads stdout to its end; when it fails, the tool is stopped. */
  readonly readOutput: (stdout: Readable) => Promise<void>
  /** Where it works. Default: `/`. */
  readonly directory?: string
  readonly signal?: AbortSignal | undefined
  /** Milliseconds between asking the tool to stop and forcing it. */
  readonly grace?: number
}

const tailLength = 20
const maximalLine = 4096

/**
 * Whether a path is there and this user may do with it what `mode` says, see access(2).
 *
 * @param mode Default: being there is enough
 */
export function mayAccess(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

/** Finds a program the way a shell would, in the given directories; undefined when it is in none. */
export async function findTool(name: string, searchPath: readonly string[]): Promise<string | undefined> {
  for (const directory of searchPath) {
    const file = join(directory, name)
    if (await mayAccess(file, constants.X_OK)) return file
  }
  return undefined
}

/**
 * Runs a program without a shell and waits until it and everything it started has let go of its output.
 *
 * The program leads a process group of its own. Aborting asks the whole group to stop (SIGTERM), so that the program can clean up, and
 * kills it after the grace.
 *
 * @throws what `readOutput` threw, or why the program could not be started; never for an exit code
 */
export async function runTool(command: readonly string[], options: ToolOptions): Promise<ToolEnd> {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: options.directory ?? '/',
    env: options.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? undefined))
  })
  ended.catch(() => {})
  const stop = stopper(child, options.grace ?? 10_000)
  options.signal?.addEventListener('abort', stop.now, { once: true })
  if (options.signal?.aborted) stop.now()
  const tail = lastLines(child.stderr, options.onLine)
  try {
    await options.readOutput(child.stdout).catch(async (error: unknown) => {
      stop.now()
      await ended
      throw error
    })
    return { exitCode: await ended, tail }
  } finally {
    options.signal?.removeEventListener('abort', stop.now)
    stop.done()
  }
}

/**
 * Reads lines, however long and however many: empty ones are left out, and of a long one the begin is kept.
 *
 * @returns the last twenty of what came so far, oldest first
 */
export function lastLines(stream: Readable, onLine: (line: string) => void = () => {}): readonly string[] {
  const tail: string[] = []
  let open = ''
  const close = () => {
    if (open === '') return
    tail.push(open)
    if (tail.length > tailLength) tail.shift()
    onLine(open)
    open = ''
  }
  stream.setEncoding('utf8').on('data', (text: string) => {
    for (const [index, part] of text.split(/[\r\n]/).entries()) {
      if (index > 0) close()
      open = (open + part).slice(0, maximalLine)
    }
  })
  stream.once('end', close)
  return tail
}

function stopper(child: ChildProcessByStdio<null, Readable, Readable>, grace: number) {
  let force: NodeJS.Timeout | undefined
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // The group is gone already, which is what was wanted.
    }
  }
  return {
    now: () => {
      signalGroup('SIGTERM')
      force ??= setTimeout(() => signalGroup('SIGKILL'), grace)
    },
    done: () => clearTimeout(force),
  }
}
