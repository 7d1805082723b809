import { EngineError } from './errors.ts'
import { type Attempt, engineFailure } from './failures.ts'

/**
 * One message of the engine's progress streams (`/build`, `/images/create`, `/images/{name}/push`).
 *
 * Follows jsonmessage.JSONMessage of moby. Only fields of the expected type are kept.
 */
export type EngineMessage = {
  readonly stream?: string
  readonly status?: string
  /** Short id of the layer the status is about. */
  readonly id?: string
  readonly current?: number
  readonly total?: number
  readonly aux?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string; readonly exitCode?: number }
}

const maximalMessage = 1024 * 1024

/**
 * Reads the JSON lines of a progress stream one by one, holding at most one of them.
 *
 * dockerode's own `followProgress` keeps every message, breaks characters that are split between two chunks, throws where nobody can
 * catch on a line that is not JSON, and takes a stream that was cut off for a finished one.
 *
 * @throws EngineError with the attempt's code when the stream is cut off or is not JSON, 'cancelled'
 */
export async function* readMessages(stream: NodeJS.ReadableStream, attempt: Attempt): AsyncGenerator<EngineMessage> {
  const decoder = new TextDecoder()
  let pending = ''
  try {
    for await (const chunk of stream) {
      pending += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
      const lines = pending.split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') yield parseMessage(line, attempt)
      if (pending.length > maximalMessage) throw notJson(pending, attempt)
    }
    if (pending.trim() !== '') yield parseMessage(pending, attempt)
  } catch (error) {
    throw engineFailure(error, attempt)
  }
}

function parseMessage(line: string, attempt: Attempt): EngineMessage {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw notJson(line, attempt, error)
  }
  if (!isRecord(value)) throw notJson(line, attempt)
  const progress = isRecord(value.progressDetail) ? value.progressDetail : {}
  const error = readError(value)
  return {
    ...(typeof value.stream === 'string' ? { stream: value.stream } : {}),
    ...(typeof value.status === 'string' ? { status: value.status } : {}),
    ...(typeof value.id === 'string' ? { id: value.id } : {}),
    ...(typeof progress.current === 'number' ? { current: progress.current } : {}),
    ...(typeof progress.total === 'number' ? { total: progress.total } : {}),
    ...(isRecord(value.aux) ? { aux: value.aux } : {}),
    ...(error ? { error } : {}),
  }
}

function readError(value: Readonly<Record<string, unknown>>): EngineMessage['error'] {
  const detail = isRecord(value.errorDetail) ? value.errorDetail : {}
  const message = typeof detail.message === 'string' ? detail.message : value.error
  if (typeof message !== 'string') return undefined
  return typeof detail.code === 'number' ? { message, exitCode: detail.code } : { message }
}

function notJson(line: string, { code, object }: Attempt, cause?: unknown): EngineError {
  const start = JSON.stringify(line.slice(0, 80))
  return new EngineError(
    code,
    `${object}: the engine's answer is cut off or is not JSON, at ${start}; see the engine's log, it may have been stopped`,
    { cause },
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
