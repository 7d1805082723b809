/** Calls the body for every item, so many at the same time, in their order; ends with the first error, or the signal. */
export async function eachAtOnce<T>(
  items: Iterable<T>,
  width: number,
  signal: AbortSignal | undefined,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  let failed = false
  const worker = async () => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      signal?.throwIfAborted()
      await body(next.value).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/**
 * Lets so much work run at the same time; what is more waits, and begins in the order it came.
 *
 * @param signal work that has not begun when it is aborted never does
 */
export function createTurns(width: number, signal?: AbortSignal): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running === width) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      signal?.throwIfAborted()
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
