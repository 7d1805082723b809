import type { AuthConfig } from 'dockerode'
import type { Engine } from './connection.ts'
import { type Credentials, registryAuth } from './credentials.ts'
import { type EngineMessage, readMessages } from './engine-messages.ts'
import { EngineError } from './errors.ts'
import { type Attempt, engineFailure, registryRemedy } from './failures.ts'
import { parseImageName } from './image-name.ts'
import { createRedactor } from './redaction.ts'
import { createTransferProgress, type TransferEvent } from './transfer-progress.ts'

/** Options of a push or a pull. */
export type TransferOptions = {
  readonly credentials?: Credentials
  readonly onProgress?: (event: TransferEvent) => void
  readonly signal?: AbortSignal
}

/**
 * Pushes one tag (`latest` when the reference has none).
 *
 * @returns the manifest digest, as the engine tells it; the registry has the last word
 * @throws EngineError 'push-failed', 'not-found' when there is no such image here, 'cancelled'
 */
export async function pushImage(
  engine: Engine,
  reference: string,
  options: TransferOptions = {},
): Promise<{ readonly digest: string }> {
  const { credentials, onProgress, signal } = options
  const name = parseImageName(reference)
  if (name.isDigest) throw new EngineError('invalid-reference', `${reference}: a digest can not be pushed; give a tag`)
  const attempt: Attempt = {
    code: 'push-failed',
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
    const response = await engine.docker.getImage(name.repository).push({
      tag: name.version ?? 'latest',
      authconfig: registryAuth(reference, credentials) as unknown as AuthConfig,
      ...(signal ? { abortSignal: signal } : {}),
    })
    for await (const message of readMessages(response, attempt)) {
      if (message.error) throw pushFailure(reference, redact(message.error.message))
      digest = pushedDigest(message) ?? digest
      const event = progress(message)
      if (event) onProgress?.(event)
    }
  } catch (error) {
    throw engineFailure(error, attempt)
  }
  if (digest !== undefined) return { digest }
  throw new EngineError(
    'push-failed',
    `${reference}: the engine stopped answering before the push ended; see its log, push again`,
  )
}

function pushedDigest({ aux }: EngineMessage): string | undefined {
  const digest = aux?.Digest
  return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined
}

function pushFailure(reference: string, message: string): EngineError {
  if (/does not exist/.test(message) && /tag/.test(message)) {
    return new EngineError('not-found', `${reference}: ${message}; build or tag it first`)
  }
  return new EngineError('push-failed', `${reference}: ${message}; ${registryRemedy(message)}`)
}
