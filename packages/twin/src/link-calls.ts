import { lstat, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Answer, failure, success } from './answers.ts'
import { flistFileName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { clientError, newPath, withFlist } from './named-flist.ts'
import { flistKind, statOf, userExists } from './repositories.ts'
import { isFileName } from './storage.ts'

/** `DELETE me/NAME`: removes a flist, or a link and not its target; a link to a tag by its bare name. */
export async function deletion(context: HubContext, _request: HubRequest, user: string, name: string): Promise<Answer> {
  const tagLink = isFileName(name) ? join(context.storage.users, user, name.replace(/\.flist$/, '')) : undefined
  const found = await withFlist(context, user, name, async (path) => {
    await context.changes.remove(path)
    return success()
  })
  if (found.status !== 404 || tagLink === undefined) return found
  if ((await flistKind(tagLink)) !== 'symlink') return found
  await context.changes.remove(tagLink)
  return success()
}

/** `GET me/SOURCE/link/NAME`: makes a link or moves one; a flist of that name is never replaced. */
export async function linking(
  context: HubContext,
  _request: HubRequest,
  user: string,
  source: string,
  name: string,
): Promise<Answer> {
  return withFlist(context, user, source, () => link(context, user, name, flistFileName(source)))
}

/** `GET me/NAME/crosslink/REPOSITORY/SOURCE`: the same across repositories. */
export async function crossLinking(
  context: HubContext,
  _request: HubRequest,
  user: string,
  name: string,
  repository: string,
  source: string,
): Promise<Answer> {
  const target = `../${repository}/${flistFileName(source)}`
  const answer = () => link(context, user, name, target)
  return withFlist(context, repository, source, answer, 'source repository not found')
}

async function link(context: HubContext, user: string, name: string, target: string): Promise<Answer> {
  if (!(await userExists(context.storage, user))) {
    if (!context.strict) throw new Error(`${user}: no repository yet`)
    await mkdir(join(context.storage.users, user))
  }
  const path = newPath(context, user, name)
  if ((await flistKind(path)) === 'regular') {
    return clientError(context, 'link destination is already a file', 401, 409)
  }
  if (context.strict && basename(path) === target) return failure('a link can not lead to itself', 409)
  await context.changes.link(target, path)
  return success()
}

/** `GET me/SOURCE/rename/NAME`: in one step, over whatever has the name. */
export async function renaming(
  context: HubContext,
  _request: HubRequest,
  user: string,
  source: string,
  name: string,
): Promise<Answer> {
  return withFlist(context, user, source, async (path) => {
    await context.changes.rename(path, newPath(context, user, name))
    return success()
  })
}

/**
 * `GET me/promote/REPOSITORY/SOURCE/NAME`: a copy of a flist, or of what a link leads to. What has the name is removed
 * first, so that promoting a flist onto itself deletes it; a link that leads nowhere is not seen, and written through.
 */
export async function promotion(
  context: HubContext,
  _request: HubRequest,
  user: string,
  repository: string,
  source: string,
  name: string,
): Promise<Answer> {
  return withFlist(context, repository, source, async (from) => {
    const to = newPath(context, user, name)
    if (context.strict && (await isSameFile(from, to))) return failure('source and destination are one flist', 409)
    if (context.strict && !(await statOf(from))) return failure('source is a link that leads nowhere', 409)
    await mkdir(join(context.storage.users, user), { recursive: true })
    const isDangling = (await flistKind(to)) === 'symlink' && !(await statOf(to))
    await context.changes[isDangling ? 'overwrite' : 'replace'](from, to)
    return success({
      source: { username: repository, filename: flistFileName(source) },
      destination: { username: user, filename: flistFileName(name) },
    })
  })
}

/** Whether removing `to` would take away what `from` is copied from. */
async function isSameFile(from: string, to: string): Promise<boolean> {
  const source = await statOf(from)
  const target = await lstat(to).catch(() => undefined)
  return source !== undefined && target !== undefined && source.ino === target.ino && source.dev === target.dev
}
