import { type HubAnswer, isObject, readJson } from './answers.ts'
import { HubError } from './errors.ts'
import { isSuccess } from './failures.ts'
import type { FlistFile } from './flist-file.ts'
import type { FlistInfo } from './flist-info.ts'
import type { HubCall, HubTransport } from './transport.ts'

/** What to upload, and where to. */
export type Upload = {
  readonly user: string
  readonly name: string
  readonly flist: FlistFile
  /** Milliseconds for all attempts. */
  readonly deadline: number
  readonly signal: AbortSignal | undefined
}

/** How an upload looks at what the hub has. */
type Reader = {
  light(user: string, name: string, options: { signal?: AbortSignal | undefined }): Promise<FlistInfo | undefined>
  md5(user: string, name: string, options: { signal?: AbortSignal | undefined }): Promise<string | undefined>
}

/** The answer lists every path of the flist. A longer one is not looked at: what counts is what the hub has afterwards. */
const ANSWER_LIMIT = 16 * 1024 * 1024

/**
 * Uploads a flist and reads it back: type, size and md5 by `light`, and the md5 that consumers see. An upload whose answer
 * got lost has succeeded when that fits.
 */
export async function uploadFlist(hub: Reader, transport: HubTransport, upload: Upload): Promise<void> {
  const { user, name, flist, signal } = upload
  const call: HubCall = {
    method: 'POST',
    path: '/api/flist/me/upload-flist',
    purpose: `upload of "${name}"`,
    owned: true,
    headers: { 'x-original-name': name },
    body: () => flist.form(),
    limit: ANSWER_LIMIT,
    deadline: upload.deadline,
    signal,
  }
  const before = await hub.light(user, name, { signal })
  if (before && before.type !== 'regular') {
    const text = `is a link to "${before.target}", which the upload would overwrite; delete the link or upload under another name`
    throw transport.error('is-a-link', call, text)
  }

  const lost = await send(transport, call, name).catch((error: unknown) => {
    if (error instanceof HubError && error.code === 'network') return error
    throw error
  })
  const stored = await readBack(hub, upload).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw lost ?? error
  })
  if (stored.fits) return
  if (lost) throw lost
  const text = `the hub has ${stored.has} there, the file has md5 ${flist.md5}; somebody else writes this name, or the hub lost it, run again`
  throw transport.error('mismatch', call, text)
}

async function readBack(hub: Reader, { user, name, flist, signal }: Upload): Promise<{ fits: boolean; has: string }> {
  const info = await hub.light(user, name, { signal })
  const md5 = await hub.md5(user, name, { signal })
  const fits = info?.type === 'regular' && info.size === flist.size && info.md5 === flist.md5 && md5 === flist.md5
  return { fits, has: md5 === undefined ? 'nothing' : `a ${info?.type} flist with md5 ${md5}` }
}

async function send(transport: HubTransport, call: HubCall, name: string): Promise<undefined> {
  const answer = await transport.call(call)
  if (answer.status === 200 && answer.text === undefined) return
  if (!isSuccess(answer)) throw transport.failure(call, answer)
  const problem = findProblem(answer, name)
  if (problem === undefined) return
  const text = `the hub said "success", but ${problem}; look at its log and run again`
  throw transport.error('rejected', call, text, { status: answer.status })
}

/** `status` of the answer is "success" for broken uploads too; these fields tell. */
function findProblem(answer: HubAnswer, name: string): string | undefined {
  const json = readJson(answer)
  const payload = isObject(json) && isObject(json.payload) ? json.payload : {}
  if (payload.name !== name) return `stored it as ${JSON.stringify(payload.name)}`
  const files = isObject(payload.files) ? payload.files : {}
  const response = isObject(files.response) ? files.response : {}
  if (files.success !== true || files.status !== 0 || typeof response.regular !== 'number') {
    return `could not read it (status ${JSON.stringify(files.status)}, error ${JSON.stringify(files.error)})`
  }
  return response.failure === 0 ? undefined : `${JSON.stringify(response.failure)} files miss chunks`
}
