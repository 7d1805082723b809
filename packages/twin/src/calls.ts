import { type Answer, failure, htmlError, jsonAnswer, success, textAnswer } from './answers.ts'
import { downloadAnswer } from './download.ts'
import { flistFileName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { countFlist, type FlistCounters, flistListing, flistMetadata } from './inspection.ts'
import { listRepositories, listRepository } from './listings.ts'
import { withFlist } from './named-flist.ts'
import type { Json } from './python-json.ts'
import { describeFlist, flistKind, flistMd5, flistPath, userExists } from './repositories.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** `GET me`: who the token writes as. */
export async function account(_context: HubContext, _request: HubRequest, user: string): Promise<Answer> {
  return success({ username: user })
}

/** `GET api/repositories` */
export async function repositories(context: HubContext): Promise<Answer> {
  return jsonAnswer(await listRepositories(context.storage, context.official))
}

/** `GET api/flist`: `USER/FILE` of everything there is. Tags appear as the folders they are. */
export async function everything(context: HubContext): Promise<Answer> {
  const names: string[] = []
  for (const { name } of await listRepositories(context.storage, [])) {
    const rows = await listRepository(context.storage, name)
    names.push(...rows.map((row) => `${name}/${row.type === 'tag' ? '.tag-' : ''}${row.name}`))
  }
  return jsonAnswer(names)
}

/** `GET api/fileslist`: the listing of every repository. */
export async function everyListing(context: HubContext): Promise<Answer> {
  const listings: [string, Json][] = []
  for (const { name } of await listRepositories(context.storage, [])) {
    listings.push([name, await listRepository(context.storage, name)])
  }
  return jsonAnswer(Object.fromEntries(listings))
}

/** `GET USER`: the listing of a repository. */
export async function listing(context: HubContext, _request: HubRequest, user: string): Promise<Answer> {
  const exists = await userExists(context.storage, user)
  if (!exists || (context.strict && user.startsWith('.'))) return htmlError(404)
  return jsonAnswer(await listRepository(context.storage, user))
}

/** `GET USER/NAME`: every path of a flist; `{}` with 200 when it can not be read. */
export async function contents(context: HubContext, _request: HubRequest, user: string, name: string): Promise<Answer> {
  return withFlist(context, user, name, async (path) => {
    const counters = await countFlist(context.inspectFlist, path, undefined, context.closing).catch(() => undefined)
    if (counters) return { status: 200, headers: JSON_TYPE, body: contentsBody(context, path, counters) }
    return context.strict ? failure('the flist can not be read', 422) : jsonAnswer({})
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

/** `GET USER/NAME/metadata`: the rows of a flist, `{}` of an unreadable one; `backend-forced` when it names no backend. */
export async function metadata(context: HubContext, _request: HubRequest, user: string, name: string): Promise<Answer> {
  return withFlist(context, user, name, async (path) => {
    const rows = await flistMetadata(context.inspectFlist, path).catch(() => undefined)
    if (!rows && context.strict) return failure('the flist can not be read', 422)
    return jsonAnswer(rows && 'backend' in rows ? rows : { ...rows, 'backend-forced': { ...context.place.backend } })
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

/** `GET USER/NAME.txt`: five lines about a flist. */
export async function downloadText(
  context: HubContext,
  _request: HubRequest,
  user: string,
  name: string,
): Promise<Answer> {
  const about = await describeDownload(context, user, name)
  if (!about) return htmlError(404)
  const lines = [
    `File:     ${about.file}`,
    `Uploader: ${about.uploader}`,
    `Source:   ${about.source}`,
    `Storage:  ${about.storage}`,
    `Checksum: ${about.checksum ?? 'None'}`,
  ]
  return textAnswer(`${lines.join('\n')}\n`)
}

/** `GET USER/NAME.json`: the same, which the hub fails to write. */
export async function downloadJson(
  context: HubContext,
  _request: HubRequest,
  user: string,
  name: string,
): Promise<Answer> {
  const about = await describeDownload(context, user, name)
  if (!about) return htmlError(404)
  if (context.strict) return jsonAnswer({ ...about })
  throw new Error('the hub can not write this page')
}

async function describeDownload(context: HubContext, user: string, name: string) {
  const path = flistPath(context.storage, user, name)
  if (path === undefined || !(await flistKind(path))) return undefined
  const file = flistFileName(name)
  const { url, backend } = context.place
  const storage = `zdb://${backend.host}:${backend.port}`
  return { file, uploader: user, source: `${url}/${user}/${file}`, storage, checksum: await flistMd5(path) }
}
