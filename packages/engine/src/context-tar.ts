import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { type ContextEntry, type ContextFile, orderContext, parentPaths } from './context-files.ts'
import { EngineError } from './errors.ts'

/** 1980-01-01T00:00:00Z: the earliest time that every archive format has; some tools refuse files from 1970. */
const defaultTime = 315_532_800

const maximalDockerfile = 1024 * 1024

/**
 * The tar of a build context as a stream: the same entries give the same bytes. Directories are made explicit, because the engine would
 * give those it makes up itself the time of the build. Contents are opened one after the other, when they are read.
 *
 * @param modified time of every entry, in seconds since the epoch
 * @throws EngineError 'invalid-context' at once for paths, as the stream's error for contents
 */
export function packContext(entries: readonly ContextEntry[], modified: number = defaultTime): Readable {
  return Readable.from(archiveBytes(orderContext(entries), new Date(modified * 1000)))
}

async function* archiveBytes(entries: readonly ContextEntry[], mtime: Date): AsyncGenerator<Uint8Array> {
  const archive = pack()
  // Without a listener an error would end the process; what the writing ended with says more.
  archive.on('error', () => {})
  const written = writeEntries(archive, entries, mtime).then(
    () => archive.finalize(),
    (error: unknown) => {
      archive.destroy()
      return { error }
    },
  )
  try {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) yield chunk
  } catch {
    // The pack stream fails with its entry: see below.
  } finally {
    archive.destroy()
  }
  const failure = await written
  if (failure) throw failure.error
}

async function writeEntries(
  archive: ReturnType<typeof pack>,
  entries: readonly ContextEntry[],
  mtime: Date,
): Promise<void> {
  const owner = { uid: 0, gid: 0, mtime }
  const directories = new Set<string>()
  for (const entry of entries) {
    for (const path of parentPaths(entry.path)) {
      if (directories.has(path)) continue
      directories.add(path)
      archive.entry({ name: `${path}/`, type: 'directory', mode: 0o755, ...owner })
    }
    if ('target' in entry)
      archive.entry({ name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777, ...owner })
    else await writeFile(archive, entry, owner)
  }
}

type Owner = { readonly uid: number; readonly gid: number; readonly mtime: Date }

async function writeFile(archive: ReturnType<typeof pack>, file: ContextFile, owner: Owner): Promise<void> {
  const size = file.content instanceof Uint8Array ? file.content.byteLength : (file.size ?? 0)
  try {
    const content = openContent(file)
    const sink = archive.entry({ name: file.path, type: 'file', mode: file.mode & 0o7777, size, ...owner })
    await pipeline(content, sink)
  } catch (error) {
    throw unreadable(file.path, error, 'do not change it during a build')
  }
}

function openContent({ content }: ContextFile): Readable {
  return content instanceof Uint8Array ? Readable.from([content]) : content()
}

/**
 * The text of the Dockerfile that is part of a context.
 *
 * @throws EngineError 'invalid-context' when it is not there, or larger than 1 MiB
 */
export async function readDockerfile(entries: readonly ContextEntry[], path: string): Promise<string> {
  const file = entries.find((entry) => entry.path === path)
  if (file === undefined || 'target' in file) {
    throw new EngineError(
      'invalid-context',
      `build context: there is no file "${path}"; add it, or name another Dockerfile`,
    )
  }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of openContent(file)) {
      size += chunk.length
      if (size > maximalDockerfile) throw new Error('it is larger than 1 MiB')
      chunks.push(Buffer.from(chunk))
    }
  } catch (error) {
    throw unreadable(path, error, 'give another')
  }
  return Buffer.concat(chunks).toString('utf8')
}

function unreadable(path: string, cause: unknown, remedy: string): EngineError {
  const problem = cause instanceof Error ? cause.message : String(cause)
  return new EngineError('invalid-context', `build context file "${path}": ${problem}; ${remedy}`, { cause })
}
