import { mkdir, readdir, readlink, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, failure, htmlError, jsonAnswer, success } from './answers.ts'
import { downloadAnswer } from './download.ts'
import { flistFileName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { listTag, shownTarget } from './listings.ts'
import { clientError, withFlist } from './named-flist.ts'
import { flistKind, statOf, tagPath, userExists } from './repositories.ts'
import { isFileName } from './storage.ts'

/** The path of a link in a tag of the user. Throws, which is an HTML 500, for names that no file can have. */
function tagged(context: HubContext, user: string, tag: string, name: string): { folder: string; path: string } {
  const folder = tagPath(context.storage, user, tag)
  const file = flistFileName(name)
  if (folder === undefined || !isFileName(file)) throw new Error(`tag "${tag}", "${name}": no file can have this name`)
  return { folder, path: join(folder, file) }
}

/** `GET me/TAG/NAME/tag/REPOSITORY/SOURCE`: puts a link to a flist into a tag, or moves it; the first one makes the tag. */
export async function tagging(
  context: HubContext,
  _request: HubRequest,
  user: string,
  tag: string,
  name: string,
  repository: string,
  source: string,
): Promise<Answer> {
  const answer = async (): Promise<Answer> => {
    const { folder, path } = tagged(context, user, tag, name)
    // Without the user's repository the hub's mkdir fails, an HTML 500.
    await mkdir(folder, { recursive: context.strict }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await context.changes.link(`../../${repository}/${flistFileName(source)}`, path)
    return success()
  }
  return withFlist(context, repository, source, answer, 'source repository not found')
}

/** `DELETE` of the same: source and repository only have to exist. The last link takes the tag with it. */
export async function untagging(
  context: HubContext,
  _request: HubRequest,
  user: string,
  tag: string,
  name: string,
  repository: string,
  source: string,
): Promise<Answer> {
  const answer = async (): Promise<Answer> => {
    const { folder, path } = tagged(context, user, tag, name)
    if ((await flistKind(path)) !== 'symlink') return failure('target not found on this tag', 404)
    await context.changes.remove(path)
    if ((await readdir(folder)).length === 0) await rmdir(folder)
    return success()
  }
  return withFlist(context, repository, source, answer, 'source repository not found')
}

/** `GET me/NAME/crosstag/REPOSITORY/TAG`: a link to a whole tag; its name has no `.flist`. */
export async function crossTagging(
  context: HubContext,
  _request: HubRequest,
  user: string,
  name: string,
  repository: string,
  tag: string,
): Promise<Answer> {
  const folder = tagPath(context.storage, repository, tag)
  if (folder === undefined || !(await statOf(folder))?.isDirectory()) return failure('source tag not found', 404)
  if (name.endsWith('.flist')) return clientError(context, 'tag symlink cannot ends with .flist', 401, 400)
  if (!isFileName(name)) throw new Error(`"${name}": no file can have this name`)
  const path = join(context.storage.users, user, name)
  if (await statOf(`${path}.flist`)) {
    return clientError(context, 'there is a .flist file with the same name existing already', 401, 409)
  }
  if (!(await userExists(context.storage, user))) {
    if (!context.strict) throw new Error(`${user}: no repository yet`)
    await mkdir(join(context.storage.users, user))
  }
  if ((await flistKind(path)) === 'regular') {
    return clientError(context, 'link destination is already a file', 401, 409)
  }
  await context.changes.link(`../${repository}/.tag-${tag}`, path)
  return success()
}

/** `GET USER/tags/TAG`: the links of a tag. */
export async function tagListing(
  context: HubContext,
  _request: HubRequest,
  user: string,
  tag: string,
): Promise<Answer> {
  const rows = await listTag(tagPath(context.storage, user, tag))
  return rows ? jsonAnswer(rows) : htmlError(404)
}

/** `GET USER/NAME/taglink`: where a link to a tag leads, `alice.3bot/tags/v1.0`. */
export async function tagLink(context: HubContext, _request: HubRequest, user: string, name: string): Promise<Answer> {
  if (!(await userExists(context.storage, user))) return failure('user not found', 404)
  const path = isFileName(user) && isFileName(name) ? join(context.storage.users, user, name) : undefined
  if (path === undefined || (await flistKind(path)) !== 'symlink') return failure('source not found', 404)
  return jsonAnswer({ target: shownTarget(await readlink(path)) })
}

/** `GET /USER/tags/TAG/NAME.flist` */
export async function tagDownload(
  context: HubContext,
  request: HubRequest,
  user: string,
  tag: string,
  name: string,
): Promise<Answer> {
  const folder = tagPath(context.storage, user, tag)
  const file = flistFileName(name)
  if (folder === undefined || !isFileName(file)) return htmlError(404)
  return downloadAnswer(join(folder, file), request.method, request.headers)
}
