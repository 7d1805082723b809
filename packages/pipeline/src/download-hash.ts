import { createHash } from 'node:crypto'
import { PipelineError } from './errors.ts'

/** What was loaded to be locked. */
export type HashedDownload = { readonly sha256: string; readonly bytes: number }

export type HashOptions = {
  readonly signal?: AbortSignal
  /** Told the bytes so far, often. */
  readonly onBytes?: (bytes: number) => void
  /** Milliseconds without a byte after which a server is given up; a minute when not given. */
  readonly patience?: number
}

const MOST_REDIRECTS = 10

/**
 * Loads a URL and hashes its bytes as they come; nothing is kept. They are those of the file: no encoding is asked for, as
 * a builder asks for none. A redirect from https to http is refused, since whoever is in between would choose the hash.
 *
 * @throws PipelineError 'download-failed' naming the URL; the reason of the signal when that aborts
 */
export async function hashDownload(url: string, options: HashOptions = {}): Promise<HashedDownload> {
  const silence = new AbortController()
  const patience = options.patience ?? 60_000
  const giveUp = () => silence.abort(new Error(`nothing came for ${patience / 1000} s`))
  let timer = setTimeout(giveUp, patience)
  const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal
  try {
    const body = await openDownload(url, signal)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of body) {
      clearTimeout(timer)
      timer = setTimeout(giveUp, patience)
      hash.update(piece)
      bytes += piece.length
      options.onBytes?.(bytes)
    }
    return { sha256: hash.digest('hex'), bytes }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof PipelineError) throw error
    throw failure(url, reasonOf(silence.signal.aborted ? silence.signal.reason : error), error)
  } finally {
    clearTimeout(timer)
  }
}

async function openDownload(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let at = new URL(url)
  for (let step = 0; step <= MOST_REDIRECTS; step++) {
    const answer = await fetch(at.href, { signal, redirect: 'manual', headers: { 'accept-encoding': 'identity' } })
    const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : undefined
    if (answer.status === 200 && answer.body) return answer.body
    await answer.body?.cancel()
    const next = location ? URL.parse(location, at.href) : undefined
    if (!next) throw failure(url, `the server answers with ${answer.status}`)
    if (!/^https?:$/.test(next.protocol) || (at.protocol === 'https:' && next.protocol === 'http:')) {
      throw failure(url, `the server redirects to ${next.protocol}//${next.host}, which is not safe`)
    }
    at = next
  }
  throw failure(url, `more than ${MOST_REDIRECTS} redirects`)
}

function failure(url: string, reason: string, cause?: unknown): PipelineError {
  const text = `${url}: can not be loaded: ${reason}; correct the URL, or lock it where its server can be reached`
  return new PipelineError('download-failed', text, cause === undefined ? {} : { cause })
}

/** What fetch says is always the same; its cause says what happened. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name
}
