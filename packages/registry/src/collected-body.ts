import type { Dispatcher } from 'undici'

/** An answer with its body; of one that is longer than asked for, only so much. */
export type CollectedAnswer = {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly bytes: Buffer
  /** There is nothing more. */
  readonly isWhole: boolean
}

/**
 * Makes a request and reads the body as it comes in, without the streams of undici's `request`: with many small documents those are
 * most of the work.
 *
 * @param limit bytes of the body; an answer with more is cut off, and its connection closed
 */
export function collectAnswer(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  limit: number,
  signal?: AbortSignal,
): Promise<CollectedAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CollectedAnswer>()
  const parts: Buffer[] = []
  let length = 0
  let head: Pick<CollectedAnswer, 'status' | 'headers'> | undefined
  let stop: (() => void) | undefined
  const finish = (isWhole: boolean) => {
    const bytes = Buffer.concat(parts)
    if (head) resolve({ ...head, bytes: isWhole ? bytes : bytes.subarray(0, limit), isWhole })
  }
  const cutOff = (controller: Dispatcher.DispatchController) => {
    finish(false)
    controller.abort(new Error(`more than ${limit} bytes`))
  }
  dispatcher.dispatch(request, {
    onRequestStart(controller) {
      stop = () => controller.abort(signal?.reason)
      if (signal?.aborted) stop()
      else signal?.addEventListener('abort', stop, { once: true })
    },
    onResponseStart(controller, status, headers) {
      head = { status, headers }
      if (status < 300 && Number(headers['content-length'] ?? 0) > limit) cutOff(controller)
    },
    onResponseData(controller, part) {
      parts.push(part)
      length += part.length
      if (length > limit) cutOff(controller)
    },
    onResponseEnd: () => finish(true),
    onResponseError: (_, error) => reject(error),
  })
  return promise.finally(() => {
    if (stop) signal?.removeEventListener('abort', stop)
  })
}
