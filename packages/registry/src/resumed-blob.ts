import { pause, type RetryPolicy, waitAfter } from './retry.ts'

/** The bytes of a blob from `start` to its end. */
export type BlobPart = {
  /** Offset of the first byte; 0 when the server cannot begin elsewhere */
  readonly start: number
  readonly body: AsyncIterable<Uint8Array>
}

/** So much new data makes up for one lost connection: a large blob over a bad line gets more attempts than a small one. */
const PROGRESS = 1024 * 1024

/**
 * Joins the parts of a blob whose connection is cut into one stream: after a cut it goes on where the last part ended, or,
 * with a server that only starts at 0, leaves out what it has passed on already.
 *
 * @param open opens the blob at an offset, with retries of its own
 * @param size bytes of the whole blob
 * @param broken turns the error of a body into the error to throw when attempts are used up
 */
export async function* resumeBlob(
  open: (offset: number) => Promise<BlobPart>,
  size: number,
  policy: RetryPolicy,
  broken: (error: unknown, offset: number) => Error,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0
  let failures = 0
  let progressAt = 0
  for (;;) {
    const part = await open(offset)
    try {
      for await (const bytes of skip(part.body, offset - part.start)) {
        offset += bytes.length
        yield bytes
      }
      return
    } catch (error) {
      const failure = broken(error, offset)
      if (offset === size) return
      if (offset - progressAt >= PROGRESS) failures = 0
      progressAt = offset
      const wait = waitAfter(failure, failures++, policy)
      if (wait === undefined) throw failure
      await pause(wait, signal)
    }
  }
}

async function* skip(source: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  for await (const bytes of source) {
    if (left < bytes.length) yield left === 0 ? bytes : bytes.subarray(left)
    left = Math.max(0, left - bytes.length)
  }
}
