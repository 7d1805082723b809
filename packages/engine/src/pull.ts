import type { Engine } from './connection.ts'
import { registryAuth } from './credentials.ts'
import { readMessages } from './engine-messages.ts'
import { EngineError } from './errors.ts'
import { type Attempt, engineFailure, registryRemedy } from './failures.ts'
import { inspectImage } from './image.ts'
import { parseImageName } from './image-name.ts'
import type { TransferOptions } from './push.ts'
import { createRedactor } from './redaction.ts'
import { createTransferProgress } from './transfer-progress.ts'

export type PullOptions = TransferOptions & {
  /** Like `linux/amd64`. */
  readonly platform?: string
}

/**
 * Pulls one image by tag (`latest` when the reference has none) or by digest.
 *
 * @returns the image id, and the manifest digest where the engine told it
 * @throws EngineError 'pull-failed', 'not-found' when the registry has no such image, 'cancelled'
 */
export async function pullImage(
  engine: Engine,
  reference: string,
  options: PullOptions = {},
): Promise<{ readonly imageId: string; readonly digest: string | undefined }> {
  const { credentials, platform, onProgress, signal } = options
  const { repository, version = 'latest' } = parseImageName(reference)
  const attempt: Attempt = {
    code: 'pull-failed',
    object: reference,
    address: engine.address,
    signal,
    remedy: 'see the registry',
  }
  const redact = createRedactor(credentials ? [credentials.password] : [])
  const progress = createTransferProgress()
  let digest: string | undefined
  try {
    signal?.throwIfAborted()
    const response = await engine.docker.createImage(registryAuth(reference, credentials), {
      fromImage: repository,
      tag: version,
      ...(platform ? { platform } : {}),
      ...(signal ? { abortSignal: signal } : {}),
    })
    for await (const message of readMessages(response, attempt)) {
      if (message.error) throw pullFailure(reference, redact(message.error.message))
      digest = /^Digest: (sha256:[0-9a-f]{64})$/.exec(message.status ?? '')?.[1] ?? digest
      const event = progress(message)
      if (event) onProgress?.(event)
    }
  } catch (error) {
    throw engineFailure(error, attempt)
  }
  const image = await inspectImage(engine, reference)
  if (image) return { imageId: image.imageId, digest }
  throw new EngineError(
    'pull-failed',
    `${reference}: the engine stopped answering before the pull ended; see its log, pull again`,
  )
}

function pullFailure(reference: string, message: string): EngineError {
  const code = /not found|manifest unknown/i.test(message) ? 'not-found' : 'pull-failed'
  return new EngineError(code, `${reference}: ${message}; ${registryRemedy(message)}`)
}
