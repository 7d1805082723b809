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
