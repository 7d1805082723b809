import type { Machine } from './machine.ts'
import { throwIfCancelled } from './verdict.ts'

/**
 * Keeps a machine that is ready until its user is done with it. It is over as well when the machine is switched off from inside, or
 * when the caller wants no more: the user may be a terminal that nobody sits at.
 *
 * @throws VmError 'cancelled', and what `use` throws
 */
export async function holdMachine(
  { ended }: Pick<Machine, 'ended'>,
  use: () => Promise<void>,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const over = new AbortController()
  const stopped = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal }),
  )
  try {
    if (!signal.aborted) await Promise.race([use(), ended, stopped])
  } finally {
    over.abort()
  }
  throwIfCancelled({ signal })
}
