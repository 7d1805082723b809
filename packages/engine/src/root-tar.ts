import { Readable } from 'node:stream'
import type { Engine } from './connection.ts'
import { readMessages } from './engine-messages.ts'
import { EngineError } from './errors.ts'
import { type Attempt, engineFailure } from './failures.ts'
import { parseImageName } from './image-name.ts'

export type ImportOptions = {
  /** Dockerfile instructions for the image config, like `CMD ["bash"]` or `ENV A=b`. */
  readonly changes?: readonly string[]
  /** Like `linux/amd64`. Default: the engine's own. */
  readonly platform?: string
  readonly signal?: AbortSignal
}

/**
 * Makes an image with one layer of a root tar (plain or gzip). The layer is the same for the same tar; the image id is not, because the
 * engine writes the time of the import into the config.
 *
 * @throws EngineError 'import-failed', 'cancelled'; the source's own error as its cause
 */
export async function importImage(
  engine: Engine,
  tar: AsyncIterable<Uint8Array>,
  reference: string,
  options: ImportOptions = {},
): Promise<{ readonly imageId: string }> {
  const { changes = [], platform, signal } = options
  const { repository, version = 'latest' } = parseImageName(reference)
  const attempt: Attempt = {
    code: 'import-failed',
    object: reference,
    address: engine.address,
    signal,
    remedy: 'check the root tar',
  }
  let imageId: string | undefined
  try {
    signal?.throwIfAborted()
    const source = Readable.from(tar)
    try {
      const response = await engine.docker.importImage(source, {
        repo: repository,
        tag: version,
        changes,
        ...(platform ? { platform } : {}),
        ...(signal ? { abortSignal: signal } : {}),
      })
      for await (const message of readMessages(response, attempt)) {
        if (message.error)
          throw new EngineError('import-failed', `${reference}: ${message.error.message}; ${attempt.remedy}`)
        if (message.status?.startsWith('sha256:')) imageId = message.status
      }
    } finally {
      source.destroy()
    }
  } catch (error) {
    throw engineFailure(error, attempt)
  }
  if (imageId !== undefined) return { imageId }
  throw new EngineError(
    'import-failed',
    `${reference}: the engine stopped answering before the import ended; see its log, import again`,
  )
}

/**
 * The files of an image as one tar, as `docker export` gives them: of a container that never ran, which is removed at the end.
 *
 * The engine adds what it mounts into containers (`.dockerenv`, `dev/console`, empty `etc/hosts`, `etc/hostname`, `etc/resolv.conf`, …).
 *
 * @throws EngineError 'export-failed', 'not-found', 'cancelled'
 */
export async function* exportImage(
  engine: Engine,
  image: string,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  const { signal } = options
  parseImageName(image)
  const attempt: Attempt = {
    code: 'export-failed',
    object: image,
    address: engine.address,
    signal,
    remedy: 'see the log of the engine',
  }
  try {
    signal?.throwIfAborted()
    // The command is never run, but an image without one can not become a container.
    const container = await engine.docker.createContainer({ Image: image, Cmd: ['-'] })
    try {
      const stream = await container.export(signal ? { abortSignal: signal } : {})
      for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    } finally {
      await container.remove({ force: true })
    }
  } catch (error) {
    throw engineFailure(error, attempt)
  }
}
