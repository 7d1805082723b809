/**
 * Runs `work` with a signal of its own, which aborts when `signal` does, for the same reason, and when the work is done: what was
 * begun beside it is of no use then.
 *
 * A signal of AbortSignal.any takes ten times as long to say whether it is aborted, which conversions ask for every piece of a file.
 *
 * @throws what `work` throws, and the reason of `signal`
 */
export async function withOwnSignal<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const own = new AbortController()
  const abort = () => own.abort(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    return await work(own.signal)
  } finally {
    signal?.removeEventListener('abort', abort)
    own.abort()
  }
}
