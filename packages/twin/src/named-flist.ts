import { type Answer, failure } from './answers.ts'
import type { HubContext } from './hub-context.ts'
import { flistKind, flistPath, userExists } from './repositories.ts'

/**
 * Finds a flist or link, and answers with what `answer` makes of its path; else with the hub's two refusals, whose words
 * differ between the calls.
 */
export async function withFlist(
  context: HubContext,
  user: string,
  name: string,
  answer: (path: string) => Promise<Answer>,
  noUser = 'user not found',
): Promise<Answer> {
  if (!(await userExists(context.storage, user))) return failure(noUser, 404)
  const path = flistPath(context.storage, user, name)
  if (path === undefined || !(await flistKind(path))) return failure('source not found', 404)
  return answer(path)
}

/**
 * A refusal of what the client asked for. Where the hub takes its own fault for it, or says 401 to who is known, a strict
 * twin says so with the status that HTTP has for it.
 */
export function clientError(context: HubContext, message: string, hubStatus: number, strictStatus: number): Answer {
  return failure(message, context.strict ? strictStatus : hubStatus)
}

/** The path that a new flist or link gets. Throws, which is an HTML 500, for a name that no file can have. */
export function newPath(context: HubContext, user: string, name: string): string {
  const path = flistPath(context.storage, user, name)
  if (path === undefined) throw new Error(`"${name}": no file can have this name`)
  return path
}
