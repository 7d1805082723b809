import type { Engine } from './connection.ts'
import { type Attempt, engineFailure } from './failures.ts'
import { parseImageName } from './image-name.ts'

/**
 * An image as `docker save` gives it: its layers and its config in one tar, under the reference it was asked for by. The layout
 * differs between engines.
 *
 * @throws EngineError 'export-failed', 'not-found', 'cancelled'
 */
export async function* saveImage(
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
    const stream = await engine.docker.getImage(image).get()
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    }
  } catch (error) {
    throw engineFailure(error, attempt)
  }
}
