import { errorMessage, type HubAnswer, isObject, readJson, summarize } from './answers.ts'
import type { HubErrorCode } from './errors.ts'

/** The messages by which a hub says what its status does not. */
const KNOWN_MESSAGES: Readonly<Record<string, HubErrorCode>> = {
  'unauthorized upload, contents is not fully present on backend': 'chunks-missing',
  'link destination is already a file': 'is-a-file',
  'this file is not allowed': 'name-refused',
  'user not found': 'not-found',
  'source not found': 'not-found',
  'invalid authorization header': 'unauthorized',
}

const REMEDIES: Readonly<Partial<Record<HubErrorCode, string>>> = {
  unauthorized: 'use a token of this hub, its login page shows one',
  'not-found': 'check the name against the listing of the repository',
  'name-refused': 'choose another name',
  'chunks-missing': "store the flist's chunks through the hub's gateway first",
  rejected: 'nothing was changed, correct the request',
  server: 'look at the log of the hub and run again',
  'is-a-file': 'delete the flist of that name first, or choose another name for the link',
}

/** Whether an answer is the JSON 404 of a hub, and not of something else behind its URL. */
export function isNotFound(answer: HubAnswer): boolean {
  return answer.status === 404 && errorMessage(answer) !== undefined
}

/** Whether a call did what it was asked for: 200 alone is not enough, and neither is "success" with another status. */
export function isSuccess(answer: HubAnswer): boolean {
  return answer.status === 200 && saysSuccess(answer)
}

function saysSuccess(answer: HubAnswer): boolean {
  const json = readJson(answer)
  return isObject(json) && json.status === 'success'
}

/** What an answer that is not the expected one means. */
export type Failure = { readonly code: HubErrorCode; readonly text: string }

/**
 * Explains an answer that is not what a call needs. Statuses alone do not tell: a 401 may be a name that is taken, a 500 a
 * client error, and a 500 may even say "success".
 */
export function explainFailure(answer: HubAnswer): Failure {
  const { status } = answer
  if (status >= 300 && status < 400) {
    const where = answer.location === undefined ? '' : ` to ${JSON.stringify(answer.location)}`
    return { code: 'server', text: `redirected${where} (${status}); use the URL of the hub itself` }
  }
  const message = errorMessage(answer)
  const known = message === undefined ? undefined : KNOWN_MESSAGES[message]
  const code = known ?? codeOf(status, message !== undefined)
  const said =
    status !== 200 && saysSuccess(answer) ? '"success", which with this status is a failure' : summarize(answer)
  return { code, text: `${verb(code)} (${status}: ${said}); ${REMEDIES[code] ?? 'run again'}` }
}

function codeOf(status: number, hasMessage: boolean): HubErrorCode {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 404) return hasMessage ? 'not-found' : 'server'
  return hasMessage ? 'rejected' : 'server'
}

function verb(code: HubErrorCode): string {
  if (code === 'server') return 'the hub failed, or this is not a hub'
  return code === 'not-found' ? 'not found' : 'refused'
}
