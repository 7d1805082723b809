import { PipelineError } from '../errors.ts'
import { type HubSession, listNames } from '../publishing/hub-session.ts'
import { flistFileName, flistStem } from '../publishing/release-names.ts'
import { type BackendSettings, type Promotion, promoteFlist } from './promotion.ts'
import { type Release, readReleases } from './release.ts'
import { addWithdrawal } from './withdrawal.ts'

/**
 * Makes an image's link lead to an earlier release. What it led to is tagged `withdrawn`, or the next run would publish it
 * again; `flist promote` takes the tag away.
 *
 * @param to name of a release; the one before the current one unless given
 * @throws PipelineError 'not-published' when there is none, or it is not whole
 */
export async function rollBack(
  session: HubSession,
  settings: BackendSettings,
  name: string,
  options: { readonly to?: string; readonly dryRun?: boolean } = {},
): Promise<Promotion & { readonly withdrawn: readonly string[] }> {
  const image = flistStem(name)
  const listing = await listNames(session)
  const releases = readReleases(listing, [image]).get(image) ?? []
  const current = releases.find(({ links }) => links.includes(`${image}.flist`))
  const target = options.to === undefined ? previous(image, releases, current) : chosen(image, releases, options.to)
  const withdrawn = current && current.name !== target ? [current.name, ...current.equalBuilds] : []
  // Before the link moves, so that no run in between publishes it again; not when it stays where it is.
  const beforeMove = async () => {
    for (const build of withdrawn) await addWithdrawal(session, build)
  }
  const promotion = await promoteFlist(session, settings, target, image, { ...options, beforeMove })
  const marks = withdrawn.map((build) => `tag ${build} as withdrawn`)
  return { ...promotion, withdrawn, steps: [...marks, ...promotion.steps] }
}

/** A release by its name, or by that of a build that was equal to it: never a flist of another image. */
function chosen(image: string, releases: readonly Release[], to: string): string {
  const name = flistFileName(to)
  const release = releases.find((each) => each.name === name || each.equalBuilds.includes(name))
  if (release) return release.name
  throw new PipelineError('not-published', `${image}: has no release "${name}"; see: flist history ${image}`)
}

function previous(image: string, releases: readonly Release[], current: Release | undefined): string {
  const older = current === undefined ? undefined : releases[releases.indexOf(current) + 1]
  if (older) return older.name
  const found = current === undefined ? 'its link leads to no release' : `${current.name} is the oldest release`
  throw new PipelineError('not-published', `${image}: ${found}; see: flist history ${image}, then give --to <name>`)
}
