import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { EngineError } from './errors.ts'

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

/**
 * Lists the files below a directory for a build context.
 *
 * Modes are what git keeps: 0755 for what its owner may execute, else 0644, so that a checkout gives the same context everywhere.
 *
 * @throws EngineError 'invalid-context' for devices, sockets and the like
 */
export async function readContextDirectory(root: string): Promise<ContextEntry[]> {
  const entries: ContextEntry[] = []
  try {
    for (const path of await readdir(root, { recursive: true })) {
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
  if (paths.has('.dockerignore')) problems.push('".dockerignore" would not be applied')
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
