import type { Readable } from 'node:stream'
import { type Answer, failure, htmlError } from './answers.ts'
import { ConnectionCut, effectOf, type FaultEffect } from './faults.ts'

/**
 * Answers a hub call with what a test wants to go wrong with it. What the call changes goes wrong in `handle`, which has
 * been given faulty changes.
 */
export async function faultyCall(
  effects: readonly FaultEffect[],
  body: Readable,
  handle: () => Promise<Answer>,
): Promise<Answer> {
  const dropped = effectOf(effects, 'drop-request')
  if (dropped) {
    await readSome(body, dropped.after)
    return cutAnswer(0)
  }
  const error = effectOf(effects, 'error')
  if (error && !error.effect) return errorAnswer(error)

  const answer = await handle().catch((fault: unknown) => {
    if (fault instanceof ConnectionCut) return cutAnswer(0)
    throw fault
  })
  if (error) {
    await answer.release?.()
    return errorAnswer(error)
  }
  const cut = effectOf(effects, 'drop-response')
  if (cut) return { ...answer, cutAfter: cut.after }
  const skew = effectOf(effects, 'clock-skew')
  if (skew) return withSkewedClock(answer, skew.seconds)
  return effectOf(effects, 'wrong-md5') ? withWrongMd5(answer) : answer
}

/** No answer at all, or the first bytes of one. */
function cutAnswer(cutAfter: number): Answer {
  return { status: 500, headers: {}, body: '', cutAfter }
}

function errorAnswer({ body, retryAfter }: FaultEffect & { readonly kind: 'error' }): Answer {
  const answer = body === 'html' ? htmlError(500) : failure('something went wrong', 500)
  if (retryAfter === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'Retry-After': String(retryAfter) } }
}

/** Turns the first digit of every md5 into another one. */
function withWrongMd5(answer: Answer): Answer {
  if (typeof answer.body !== 'string') return answer
  const body = answer.body.replace(/\b[0-9a-f]{32}\b/g, (md5) => (md5[0] === '0' ? '1' : '0') + md5.slice(1))
  return { ...answer, body }
}

/** Moves the times in headers and JSON. */
function withSkewedClock(answer: Answer, seconds: number): Answer {
  const later = (time: number): string => new Date(time + seconds * 1000).toUTCString()
  const { 'Last-Modified': modified } = answer.headers
  const headers = {
    ...answer.headers,
    Date: later(Date.now()),
    ...(modified === undefined ? {} : { 'Last-Modified': later(Date.parse(modified)) }),
  }
  if (typeof answer.body !== 'string') return { ...answer, headers }
  const move = (_: string, field: string, time: string): string => `"${field}": ${Number(time) + seconds}`
  return { ...answer, headers, body: answer.body.replace(/"(updated|linktime)": (\d+)/g, move) }
}

async function readSome(body: Readable, length: number): Promise<void> {
  let left = length
  if (left === 0) return
  for await (const bytes of body.iterator({ destroyOnReturn: false })) {
    left -= (bytes as Buffer).length
    if (left <= 0) return
  }
}
