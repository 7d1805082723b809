import { createHash } from 'node:crypto'
import type { HubCall, HubStream } from './hub-call.ts'
import { pathComponent, withExtension } from './names.ts'
import { notFound, readMd5 } from './reading.ts'
import { pauseAfter } from './retry.ts'
import type { CallOptions, HubSession } from './session.ts'
import { isLost } from './transport.ts'

/** Options of a download. */
export type DownloadOptions = CallOptions & {
  /** Bytes of the file: from `start`, up to and without `end`; default all. Of a part no md5 is known. */
  readonly range?: { readonly start: number; readonly end?: number }
}

/** How far a download has come. */
type Progress = {
  readonly start: number
  /** The next byte to give. */
  position: number
  /** Where to stop; undefined for the end of the file. */
  readonly end: number | undefined
  /** What the server calls this version of the file. */
  version: string | undefined
  /** Whether changes would be noticed at the end. */
  readonly isChecked: boolean
}

/** See `HubClient.download`. */
export async function* downloadBytes(
  session: HubSession,
  user: string,
  name: string,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const call = downloadCall(session, user, name, options)
  const { range, signal } = options
  checkRange(session, call, range)
  const expected = range ? undefined : await readMd5(session, user, name, { signal })
  if (!range && expected === undefined) throw notFound(session, call)

  const hash = createHash('md5')
  const start = range?.start ?? 0
  const progress = {
    start,
    position: start,
    end: range?.end,
    version: undefined,
    isChecked: expected !== undefined,
  }
  for await (const bytes of resumedBytes(session, call, progress)) {
    hash.update(bytes)
    yield bytes
  }
  const actual = hash.digest('hex')
  if (expected === undefined || actual === expected) return
  const text = `md5 is ${actual}, the hub said ${expected}; it was replaced or changed on the way, run again`
  throw session.transport.error('mismatch', call, text)
}

function downloadCall({ longDeadline }: HubSession, user: string, name: string, options: CallOptions): HubCall {
  const file = withExtension(name)
  return {
    path: `/${pathComponent(user)}/${pathComponent(file)}`,
    purpose: `download of "${user}/${file}"`,
    signal: options.signal,
    deadline: longDeadline,
  }
}

function checkRange({ transport }: HubSession, call: HubCall, range: DownloadOptions['range']): void {
  if (!range) return
  const { start, end = Number.MAX_SAFE_INTEGER } = range
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end > start) return
  throw transport.error('bad-options', call, `no bytes from ${start} to ${end}; give 0 <= start < end`)
}

/** The bytes of a file over as many connections as it takes. Gives up after some that brought nothing. */
async function* resumedBytes(session: HubSession, call: HubCall, progress: Progress): AsyncGenerator<Uint8Array> {
  const { transport, longDeadline } = session
  const end = performance.now() + longDeadline
  for (let failures = 0; ; ) {
    const { position } = progress
    const body = await openBody(session, call, progress)
    try {
      yield* body
      return
    } catch (error) {
      const failure = transport.connectionError(call, error)
      failures = progress.position > position ? 1 : failures + 1
      const canResume = progress.version !== undefined || progress.isChecked
      const isOver = failures >= transport.policy.attempts || performance.now() >= end
      if (!isLost(failure) || !canResume || isOver) throw failure
      await pauseAfter(failures, transport.policy, call.signal)
    }
  }
}

/** Asks for what is left, and checks that it is of the file that was begun with. */
async function openBody(session: HubSession, call: HubCall, progress: Progress): Promise<AsyncIterable<Uint8Array>> {
  const { transport } = session
  const { position, end, version } = progress
  const answer = await transport.stream({ ...call, headers: rangeHeaders(progress) })
  if (!('body' in answer)) {
    if (answer.status === 404) throw notFound(session, call)
    if (answer.status !== 416) throw transport.failure(call, answer)
    const text = `has no byte ${position}; it is shorter, or was replaced`
    throw transport.error(position === progress.start ? 'bad-options' : 'mismatch', call, text, { status: 416 })
  }
  const found = versionOf(answer)
  if (version !== undefined && found !== undefined && found !== version) {
    answer.discard()
    throw transport.error('mismatch', call, 'it was replaced while it was downloaded; run again')
  }
  progress.version ??= found
  const start = answer.status === 206 ? startOf(answer) : 0
  if (start === undefined || start > position) {
    answer.discard()
    throw transport.error('server', call, `bytes from ${position} were asked for, others came; look at the hub's proxy`)
  }
  return wantedBytes(answer.body, start, end, progress)
}

function rangeHeaders({ position, end, version }: Progress): Readonly<Record<string, string>> {
  if (position === 0 && end === undefined) return { 'accept-encoding': 'identity' }
  const range = `bytes=${position}-${end === undefined ? '' : end - 1}`
  return { 'accept-encoding': 'identity', range, ...(version === undefined ? {} : { 'if-range': version }) }
}

/** What `If-Range` takes: a strong ETag, else the time of the last change. */
function versionOf({ headers }: HubStream): string | undefined {
  const etag = headers.etag
  return etag !== undefined && !etag.startsWith('W/') ? etag : headers['last-modified']
}

function startOf({ headers }: HubStream): number | undefined {
  const start = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

/** Of a body that begins at `at`, the bytes that are still wanted: a server without ranges sends all of them again. */
async function* wantedBytes(
  body: AsyncIterable<Uint8Array>,
  start: number,
  end: number | undefined,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  let at = start
  for await (const bytes of body) {
    const from = Math.max(0, progress.position - at)
    const to = end === undefined ? bytes.length : Math.min(bytes.length, end - at)
    at += bytes.length
    if (from < to) {
      progress.position += to - from
      yield bytes.subarray(from, to)
    }
    if (end !== undefined && progress.position >= end) return
  }
}
