import { type Answer, failure, htmlError, jsonAnswer, success, textAnswer } from './answers.ts'
import { downloadAnswer } from './download.ts'
import { flistFileName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { countFlist, type FlistCounters, flistListing } from './inspection.ts'
import { describeFlist, flistKind, flistMd5, flistPath, listRepository, userExists } from './repositories.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** `GET me`: who the token writes as. */
export async function account(_context: HubContext, _request: HubRequest, user: string): Promise<Answer> {
  return success({ username: user })
}

/** `GET USER`: the listing of a repository. */
export async function listing(context: HubContext, _request: HubRequest, user: string): Promise<Answer> {
  if (!(await userExists(context.storage, user))) return htmlError(404)
  return jsonAnswer(await listRepository(context.storage, user))
}

/** `GET USER/NAME`: every path of a flist; `{}` with 200 when it can not be read. */
export async function contents(context: HubContext, _request: HubRequest, user: string, name: string): Promise<Answer> {
  return withFlist(context, user, name, async (path) => {
    const counters = await countFlist(context.inspectFlist, path, undefined, context.closing).catch(() => undefined)
    if (!counters) return jsonAnswer({})
    return { status: 200, headers: JSON_TYPE, body: contentsBody(context, path, counters) }
  })
}

async function* contentsBody(context: HubContext, path: string, counters: FlistCounters): AsyncGenerator<string> {
  yield* flistListing(context.inspectFlist, path, counters, context.closing)
  yield '\n'
}

/** `INFO USER/NAME` and `GET USER/NAME/light`: size, times, md5 and, of a link, its target. */
export async function information(
  context: HubContext,
  _request: HubRequest,
  user: string,
  name: string,
): Promise<Answer> {
  return withFlist(context, user, name, async (path) => jsonAnswer(await describeFlist(path)))
}

/** `DELETE me/NAME`: removes a flist, or a link and not its target. */
export async function deletion(context: HubContext, _request: HubRequest, user: string, name: string): Promise<Answer> {
  return withFlist(context, user, name, async (path) => {
    await context.changes.remove(path)
    return success()
  })
}

/** `GET me/SOURCE/link/NAME`: makes a link or moves one; a flist of that name is never replaced. */
export async function linking(
  context: HubContext,
  _request: HubRequest,
  user: string,
  source: string,
  name: string,
): Promise<Answer> {
  return withFlist(context, user, source, async () => {
    const path = flistPath(context.storage, user, name)
    if (path === undefined) throw new Error(`link "${name}": no file can have this name`)
    if ((await flistKind(path)) === 'regular') return failure('link destination is already a file', 401)
    await context.changes.link(flistFileName(source), path)
    return success()
  })
}

/** `GET USER/NAME.flist`, as consumers fetch it; the ending was taken off by the route. */
export async function download(context: HubContext, request: HubRequest, user: string, name: string): Promise<Answer> {
  const path = flistPath(context.storage, user, name)
  return path === undefined ? htmlError(404) : downloadAnswer(path, request.method, request.headers)
}

/** `GET USER/NAME.flist.md5`: 32 hex digits and a newline. */
export async function downloadMd5(
  context: HubContext,
  _request: HubRequest,
  user: string,
  name: string,
): Promise<Answer> {
  const path = flistPath(context.storage, user, name)
  const md5 = path === undefined ? null : await flistMd5(path)
  return md5 === null ? htmlError(404) : textAnswer(`${md5}\n`)
}

async function withFlist(
  context: HubContext,
  user: string,
  name: string,
  answer: (path: string) => Promise<Answer>,
): Promise<Answer> {
  if (!(await userExists(context.storage, user))) return failure('user not found', 404)
  const path = flistPath(context.storage, user, name)
  if (path === undefined || !(await flistKind(path))) return failure('source not found', 404)
  return answer(path)
}
