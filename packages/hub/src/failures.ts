import { errorMessage, type HubAnswer, isObject, readJson, summarize } from './answers.ts'
import type { HubErrorCode } from './errors.ts'

type Meaning = { readonly code: HubErrorCode; readonly remedy?: string }

const REGISTRY_REMEDY = 'check the name of the image, and that the hub can reach its registry'

/** The messages by which a hub says what its status does not. */
const KNOWN_MESSAGES: Readonly<Record<string, Meaning>> = {
  'unauthorized upload, contents is not fully present on backend': { code: 'chunks-missing' },
  'link destination is already a file': { code: 'is-a-file' },
  'there is a .flist file with the same name existing already': { code: 'is-a-file' },
  'this file is not allowed': { code: 'name-refused' },
  'tag symlink cannot ends with .flist': { code: 'name-refused' },
  'build name not allowed': { code: 'name-refused' },
  'user not found': { code: 'not-found' },
  'source not found': { code: 'not-found' },
  'source repository not found': { code: 'not-found' },
  'source tag not found': { code: 'not-found' },
  'target not found on this tag': { code: 'not-found' },
  'invalid authorization header': { code: 'unauthorized' },
  'readonly mode': { code: 'rejected', remedy: 'the hub takes no writes now, run again when it does' },
  'could not pull this image': { code: 'rejected', remedy: REGISTRY_REMEDY },
  'docker image not found': { code: 'rejected', remedy: REGISTRY_REMEDY },
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
  const { code, remedy } = meaningOf(status, errorMessage(answer))
  const said =
    status !== 200 && saysSuccess(answer) ? '"success", which with this status is a failure' : summarize(answer)
  return { code, text: `${verb(code)} (${status}: ${said}); ${remedy ?? REMEDIES[code] ?? 'run again'}` }
}

function meaningOf(status: number, message: string | undefined): Meaning {
  if (message !== undefined && Object.hasOwn(KNOWN_MESSAGES, message)) return KNOWN_MESSAGES[message] as Meaning
  // Of merge: `repo/name.flist does not exists`.
  if (message?.endsWith(' does not exists')) return { code: 'not-found' }
  if (status === 401 || status === 403) return { code: 'unauthorized' }
  if (status === 404) return { code: message === undefined ? 'server' : 'not-found' }
  return { code: message === undefined ? 'server' : 'rejected' }
}

function verb(code: HubErrorCode): string {
  if (code === 'server') return 'the hub failed, or this is not a hub'
  return code === 'not-found' ? 'not found' : 'refused'
}
