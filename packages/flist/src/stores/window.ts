/** How much may be under way at once; a single larger item still goes, alone. */
export type Window = { readonly items: number; readonly bytes: number }

/**
 * Runs `task` for every item, as many at a time as the window lets: the next item is taken when there is room for it.
 * Resolves when all are done; rejects with the first error, after which no more items are taken.
 */
export async function runInWindow<T>(
  items: Iterable<T> | AsyncIterable<T>,
  window: Window,
  bytesOf: (item: T) => number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  let running = 0
  let bytes = 0
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  const change = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })

  const run = async (item: T, size: number) => {
    running++
    bytes += size
    try {
      await task(item)
    } catch (error) {
      failure ??= { error }
    }
    running--
    bytes -= size
    wake()
  }

  for await (const item of items) {
    const size = bytesOf(item)
    while (!failure && running > 0 && (running >= window.items || bytes + size > window.bytes)) await change()
    if (failure) break
    void run(item, size)
  }
  while (!failure && running > 0) await change()
  if (failure) throw failure.error
}
