import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { EngineError } from './errors.ts'
import { type IgnoreRule, parseIgnoreFile } from './ignore-file.ts'

/**
 * A file of a build context. Paths are relative, `/`-separated; owners are always root, times always the same.
 *
 * `content` is the bytes, or opens a new stream of exactly `size` bytes each time it is called.
 */
export type ContextFile =
  | { readonly path: string; readonly mode: number; readonly content: Uint8Array; readonly size?: number }
  | { readonly path: string; readonly mode: number; readonly content: () => Readable; readonly size: number }

/** A symbolic link of a build context, sent as it is. */
export type ContextLink = { readonly path: string; readonly target: string }

export type ContextEntry = ContextFile | ContextLink

/** Says to an engine which of Dockerfile and `.dockerignore` no instruction may copy; all else is left out before it is sent. */
export const IGNORE_FILE = '.dockerignore'

/**
 * Lists the files below a directory for a build context: those that its `.dockerignore`, or one that is called like the Dockerfile,
 * `app.Dockerfile.dockerignore`, does not leave out. Git's folder `.git` is left out as well: it is another one in every checkout.
 *
 * Modes are what git keeps: 0755 for what its owner may execute, else 0644, so that a checkout gives the same context everywhere.
 *
 * @param dockerfile path below the directory
 * @throws EngineError 'invalid-context' for devices, sockets and the like, and for patterns that are none
 */
export async function readContextDirectory(root: string, dockerfile = 'Dockerfile'): Promise<ContextEntry[]> {
  const entries: ContextEntry[] = []
  try {
    const leavesOut = await readIgnoreFile(root, [`${dockerfile}${IGNORE_FILE}`, IGNORE_FILE])
    for (const path of await readdir(root, { recursive: true })) {
      if (path === '.git' || path.startsWith('.git/') || leavesOut(path)) continue
      const entry = await readEntry(join(root, path), path)
      if (entry) entries.push(entry)
    }
  } catch (error) {
    if (error instanceof EngineError) throw error
    const problem = error instanceof Error ? error.message : String(error)
    throw new EngineError('invalid-context', `build context "${root}": ${problem}; give a directory that can be read`, {
      cause: error,
    })
  }
  return entries
}

/** The rules of the first of these files that is there. */
async function readIgnoreFile(root: string, names: readonly string[]): Promise<IgnoreRule> {
  for (const name of names) {
    const text = await readFile(join(root, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) continue
    try {
      return parseIgnoreFile(text)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      throw invalid(join(root, name), `${problem}; correct it, or put a backslash before what is meant as it is`)
    }
  }
  return () => false
}

async function readEntry(file: string, path: string): Promise<ContextEntry | undefined> {
  const status = await lstat(file)
  if (status.isDirectory()) return undefined
  if (status.isSymbolicLink()) return { path, target: await readlink(file) }
  if (!status.isFile()) throw invalid(file, 'it is neither a file nor a directory nor a symbolic link; remove it')
  return { path, mode: status.mode & 0o100 ? 0o755 : 0o644, size: status.size, content: () => createReadStream(file) }
}

/**
 * Checks the entries of a context and puts them in the order of their bytes.
 *
 * @throws EngineError 'invalid-context' naming every path that is no relative path, is there twice, or is below a file
 */
export function orderContext(entries: readonly ContextEntry[]): ContextEntry[] {
  const paths = new Set(entries.map((entry) => entry.path))
  const problems = entries
    .filter(({ path }) => !isRelativePath(path))
    .map(({ path }) => `${JSON.stringify(path)} is not a relative path`)
  const seen = new Set<string>()
  for (const { path } of entries) {
    if (seen.has(path)) problems.push(`${JSON.stringify(path)} is there twice`)
    seen.add(path)
    const file = isRelativePath(path) ? parentPaths(path).find((parent) => paths.has(parent)) : undefined
    if (file !== undefined)
      problems.push(`${JSON.stringify(path)} is below ${JSON.stringify(file)}, which is not a directory`)
  }
  if (problems.length > 0) throw invalid('', `${problems.join(', ')}; correct the files of the context`)
  return [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

/** The directories above a path, outermost first. */
export function parentPaths(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

function isRelativePath(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

function invalid(place: string, problem: string): EngineError {
  return new EngineError('invalid-context', `build context${place === '' ? '' : ` "${place}"`}: ${problem}`)
}
