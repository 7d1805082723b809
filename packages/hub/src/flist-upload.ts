import { type HubAnswer, isObject, readJson } from './answers.ts'
import { isSuccess } from './failures.ts'
import type { HubCall } from './hub-call.ts'
import { checkStoredName } from './names.ts'
import { readLight, readMd5 } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'
import { openUploadFile, type UploadFile } from './upload-file.ts'
import { freeTarget, type TargetOptions } from './writing.ts'

/** The answer lists every path of the flist. A longer one is not looked at: what counts is what the hub has afterwards. */
const ANSWER_LIMIT = 16 * 1024 * 1024

/**
 * See `HubClient.uploadFlist`. Reads the flist back: type, size and md5 by `light`, and the md5 that consumers see. An
 * upload whose answer got lost has worked when that fits.
 */
export async function uploadFlist(
  session: HubSession,
  path: string,
  name: string,
  options: TargetOptions,
): Promise<void> {
  checkStoredName(name)
  const user = await session.account(options)
  const file = await openUploadFile(path)
  try {
    const call = uploadCall(session, 'upload-flist', '.flist', file, name, options)
    await freeTarget(session, call, user, name, { ...options, overwrite: true })
    const target = { user, name, file }
    const answer = await session.transport.change(call, async (signal) => {
      return (await readBack(session, target, { signal })).fits
    })
    if (answer === undefined) return
    checkAnswer(session, call, answer, name)
    const stored = await readBack(session, target, options)
    if (stored.fits) return
    const text = `the hub has ${stored.has} there, the file has md5 ${file.md5}; somebody else writes this name, or the hub lost it, run again`
    throw session.transport.error('mismatch', call, text)
  } finally {
    await file.close()
  }
}

/** What both uploads send: the form has a random name, the wanted one is in the header, which wins. */
export function uploadCall(
  session: HubSession,
  endpoint: 'upload' | 'upload-flist',
  ending: '.tar.gz' | '.flist',
  file: UploadFile,
  name: string,
  options: CallOptions,
): HubCall {
  return {
    method: 'POST',
    path: `/api/flist/me/${endpoint}`,
    purpose: `upload of "${name}"`,
    owned: true,
    headers: { 'x-original-name': name },
    body: () => file.form(ending),
    limit: ANSWER_LIMIT,
    deadline: session.longDeadline,
    signal: options.signal,
  }
}

type Target = { readonly user: string; readonly name: string; readonly file: UploadFile }

async function readBack(
  session: HubSession,
  { user, name, file }: Target,
  options: CallOptions,
): Promise<{ fits: boolean; has: string }> {
  const info = await readLight(session, user, name, options)
  const md5 = await readMd5(session, user, name, options)
  const fits = info?.type === 'regular' && info.size === file.size && info.md5 === file.md5 && md5 === file.md5
  return { fits, has: md5 === undefined ? 'nothing' : `a ${info?.type} flist with md5 ${md5}` }
}

function checkAnswer({ transport }: HubSession, call: HubCall, answer: HubAnswer, name: string): void {
  if (answer.status === 200 && answer.text === undefined) return
  if (!isSuccess(answer)) throw transport.failure(call, answer)
  const problem = findProblem(answer, name)
  if (problem === undefined) return
  const text = `the hub said "success", but ${problem}; look at its log and run again`
  throw transport.error('rejected', call, text, { status: answer.status })
}

function findProblem(answer: HubAnswer, name: string): string | undefined {
  const result = readUploadResult(answer, name)
  if ('problem' in result) return result.problem
  return result.response.failure === 0 ? undefined : `${JSON.stringify(result.response.failure)} files miss chunks`
}

/** `status` of an upload's answer is "success" for broken uploads too; these fields tell. */
export function readUploadResult(
  answer: HubAnswer,
  name: string,
): { readonly problem: string } | { readonly response: { readonly [key: string]: unknown } } {
  const json = readJson(answer)
  const payload = isObject(json) && isObject(json.payload) ? json.payload : {}
  if (payload.name !== name) return { problem: `stored it as ${JSON.stringify(payload.name)}` }
  const files = isObject(payload.files) ? payload.files : {}
  const response = isObject(files.response) ? files.response : {}
  if (files.success !== true || files.status !== 0 || typeof response.regular !== 'number') {
    const said = `status ${JSON.stringify(files.status)}, error ${JSON.stringify(files.error)}`
    return { problem: `could not read it (${said})` }
  }
  return { response }
}
