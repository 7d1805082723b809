import { join } from 'node:path'
import type { ImageBuildOptions } from 'dockerode'
import { builtImage, parseFailure, stepFailure } from './build-failure.ts'
import { type BuildEvent, createBuildProgress } from './build-progress.ts'
import type { Engine } from './connection.ts'
import { type ContextEntry, IGNORE_FILE, readContextDirectory } from './context-files.ts'
import { packContext, readDockerfile } from './context-tar.ts'
import { type Credentials, registryConfig } from './credentials.ts'
import { parseDockerfileSteps } from './dockerfile-steps.ts'
import { readMessages } from './engine-messages.ts'
import { EngineError } from './errors.ts'
import { type Attempt, engineFailure } from './failures.ts'
import { addDockerfile } from './hidden-dockerfile.ts'
import { parseImageName } from './image-name.ts'
import { createRedactor, secretArguments } from './redaction.ts'

export type BuildOptions = {
  /** A directory, of which its `.dockerignore` leaves out what it says, or the files themselves: there it is refused, as it would not be applied. */
  readonly context: string | Iterable<ContextEntry> | AsyncIterable<ContextEntry>
  /** Path in the context. Default: `Dockerfile`. */
  readonly dockerfile?: string
  /** What is built in place of that Dockerfile, which then is a file among others; no instruction can copy this. */
  readonly dockerfileText?: string
  readonly tags?: readonly string[]
  /** Build arguments stay readable in the image's history: no place for secrets that matter. */
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** Like `linux/amd64`. */
  readonly platform?: string
  readonly noCache?: boolean
  /** Images of this engine whose layers may be taken although they were built elsewhere. */
  readonly cacheFrom?: readonly string[]
  /** Time of the context's files, in seconds since the epoch. Default: 1980-01-01. */
  readonly modified?: number
  /** By registry host, for the bases that the build pulls. */
  readonly credentials?: Readonly<Record<string, Credentials>>
  /** Shown as `***` in events and errors, in addition to build arguments with a name like `*_TOKEN` or `*PASSWORD*`. */
  readonly secrets?: readonly string[]
  /** What errors call the Dockerfile. Default: its path. */
  readonly place?: string
  readonly onProgress?: (event: BuildEvent) => void
  /** Called with the short id of every image that a step made anew: of a build that fails, these stay in the engine. */
  readonly onLayer?: (imageId: string) => void
  readonly signal?: AbortSignal
}

/**
 * Builds an image with the classic builder. The context is streamed and the same for the same files; intermediate containers are removed.
 *
 * @returns the image id (the digest of the image config), which is not the digest of a manifest
 * @throws EngineError 'build-failed' with step, Dockerfile line, exit code and the step's last lines; 'invalid-context', 'cancelled'
 */
export async function buildImage(engine: Engine, options: BuildOptions): Promise<{ readonly imageId: string }> {
  const { context, dockerfile = 'Dockerfile', signal, onProgress = () => {} } = options
  const place = options.place ?? (typeof context === 'string' ? join(context, dockerfile) : dockerfile)
  const redact = createRedactor([...(options.secrets ?? []), ...secretArguments(options.buildArgs ?? {})])
  const attempt: Attempt = {
    code: 'build-failed',
    object: place,
    address: engine.address,
    signal,
    remedy: 'correct the Dockerfile',
  }
  for (const tag of options.tags ?? []) parseImageName(tag)
  try {
    signal?.throwIfAborted()
    const { entries, built } = await listContext(options, dockerfile)
    const steps = parseDockerfileSteps(await readDockerfile(entries, built))
    const archive = packContext(entries, options.modified)
    try {
      const response = await engine.docker.buildImage(archive, requestOptions(options, built))
      const progress = createBuildProgress(steps, redact, onProgress, options.onLayer)
      for await (const message of readMessages(response, attempt)) {
        progress.accept(message)
        if (message.error) throw stepFailure(place, message.error, progress.end(), redact)
      }
      return { imageId: builtImage(place, progress.end()) }
    } finally {
      archive.destroy()
    }
  } catch (error) {
    throw parseFailure(error, place) ?? engineFailure(error, attempt)
  }
}

/** What is sent, and which file of it is the Dockerfile. */
async function listContext(
  { context, dockerfileText }: BuildOptions,
  dockerfile: string,
): Promise<{ readonly entries: ContextEntry[]; readonly built: string }> {
  const entries = typeof context === 'string' ? await readContextDirectory(context, dockerfile) : await listed(context)
  return dockerfileText === undefined ? { entries, built: dockerfile } : addDockerfile(entries, dockerfileText)
}

async function listed(context: Exclude<BuildOptions['context'], string>): Promise<ContextEntry[]> {
  const entries: ContextEntry[] = []
  for await (const entry of context) entries.push(entry)
  if (!entries.some(({ path }) => path === IGNORE_FILE)) return entries
  const problem = `"${IGNORE_FILE}" would not be applied; correct the files of the context`
  throw new EngineError('invalid-context', `build context: ${problem}`)
}

function requestOptions(options: BuildOptions, dockerfile: string): ImageBuildOptions {
  const { tags, buildArgs, labels, platform, noCache, cacheFrom, credentials, signal } = options
  return {
    version: '1',
    dockerfile,
    rm: true,
    forcerm: true,
    // Typed as one string, but a list becomes one `t=` for each.
    ...(tags && tags.length > 0 ? { t: tags as unknown as string } : {}),
    ...(buildArgs ? { buildargs: { ...buildArgs } } : {}),
    ...(labels ? { labels: { ...labels } } : {}),
    ...(platform ? { platform } : {}),
    ...(noCache ? { nocache: true } : {}),
    ...(cacheFrom && cacheFrom.length > 0 ? { cachefrom: JSON.stringify(cacheFrom) } : {}),
    ...(credentials
      ? { registryconfig: registryConfig(credentials) as unknown as NonNullable<ImageBuildOptions['registryconfig']> }
      : {}),
    ...(signal ? { abortSignal: signal } : {}),
  }
}
