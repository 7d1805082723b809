import { checkTagName } from '@tf-images/hub'
import { PipelineError } from '../errors.ts'
import { type HubSession, resolveName } from '../publishing/hub-session.ts'
import { flistFileName } from '../publishing/release-names.ts'

/** An entry of a tag: a name, and the flist it stays with. */
export type TagEntry = { readonly tag: string; readonly name: string; readonly target: string }

/**
 * Gives the flists that names lead to now a tag, under these names: `users/tags/v1/nginx.flist` stays with this release
 * however the link moves.
 *
 * @throws PipelineError 'not-published' before the first one when a name leads to no flist; HubError 'name-refused'
 */
export async function tagReleases(
  session: HubSession,
  tag: string,
  names: readonly string[],
  options: { readonly dryRun?: boolean } = {},
): Promise<readonly TagEntry[]> {
  checkTagName(tag)
  const entries: TagEntry[] = []
  for (const name of names.map(flistFileName)) {
    const resolved = await resolveName(session, name)
    if (!resolved) {
      throw new PipelineError(
        'not-published',
        `"${session.account}/${name}": leads to no flist of this account; publish it first`,
      )
    }
    entries.push({ tag, name, target: resolved.name })
  }
  if (options.dryRun) return entries
  for (const { name, target } of entries) await session.hub.tag(tag, name, session.account, target, session.call)
  return entries
}

/**
 * Takes names out of a tag; with the last one the tag is gone.
 *
 * @throws PipelineError 'not-published' before the first one when a name is not in the tag
 */
export async function untagReleases(
  session: HubSession,
  tag: string,
  names: readonly string[],
  options: { readonly dryRun?: boolean } = {},
): Promise<readonly TagEntry[]> {
  const { hub, account, call } = session
  const present = await hub.tags(account, tag, call)
  const wanted = names.length === 0 ? present.map(({ name }) => name) : names.map(flistFileName)
  const entries = wanted.map((name): TagEntry => {
    const target = present.find((row) => row.name === name)?.target
    if (target !== undefined) return { tag, name, target }
    const known = present.map((row) => row.name).join(', ')
    throw new PipelineError('not-published', `tag "${tag}": has no "${name}"; it has ${known}`)
  })
  if (options.dryRun) return entries
  for (const { name, target } of entries) {
    const [repository = account, source = target] = target.split('/')
    await hub.untag(tag, name, repository, source, call)
  }
  return entries
}
