import {
  buildOrder,
  imagesOnTop,
  LOCK_FILE,
  type Lock,
  lockEntry,
  parseLock,
  type Recipes,
  type RenderedImage,
  renderImage,
} from '@tf-images/recipe'
import { changedFiles, fileAt, resolveCommit } from './git-changes.ts'

export type ChangeOptions = {
  /** Folder that has `recipes/`; in a git work tree. */
  readonly root: string
  /** A commit, branch or tag; what changed since then in the work tree, committed or not, counts. */
  readonly since: string
  readonly signal?: AbortSignal
}

/**
 * The images that the files touch which changed since a commit, with all that is on top of them, in build order. A change of
 * recipes.yaml touches all of them; one of the lock those whose entries changed; one of the tools none.
 *
 * @throws PipelineError 'bad-settings'
 */
export async function changedImages(
  recipes: Recipes,
  lock: Lock | undefined,
  options: ChangeOptions,
): Promise<readonly string[]> {
  const commit = await resolveCommit(options.root, options.since, options.signal)
  const files = await changedFiles(options.root, commit, options.signal)
  const order = buildOrder(recipes)
  if (files.includes('recipes/recipes.yaml')) return order
  const before = files.includes(LOCK_FILE) ? await parseOldLock(await fileAt(options.root, commit, LOCK_FILE)) : lock
  const folders = new Set(files.map((file) => file.split('/').slice(0, 3).join('/')))
  const touched = order.filter((name) => {
    const image = renderImage(recipes, name)
    return touchesDefinition(image, folders, files) || touchesLock(image, before, lock)
  })
  const above = new Set([...touched, ...imagesOnTop(recipes, touched, order)])
  return order.filter((name) => above.has(name))
}

function touchesDefinition(image: RenderedImage, folders: ReadonlySet<string>, files: readonly string[]): boolean {
  const own = image.sources.slice(1).map((file) => file.slice(0, file.lastIndexOf('/')))
  return (
    own.some((folder) => folders.has(folder)) || files.some((file) => file.startsWith(`dockerfiles/${image.name}/`))
  )
}

function touchesLock({ base, downloads }: RenderedImage, before: Lock | undefined, now: Lock | undefined): boolean {
  if (before === now) return false
  const ofBase = (lock: Lock | undefined) =>
    base.kind === 'base' ? `${lockEntry(lock?.bases, base.name)?.digest} ${lockEntry(lock?.snapshots, base.name)}` : ''
  return (
    ofBase(before) !== ofBase(now) ||
    downloads.some(({ url }) => lockEntry(before?.downloads, url) !== lockEntry(now?.downloads, url))
  )
}

/** A lock that was damaged then pinned nothing. */
async function parseOldLock(text: string | undefined): Promise<Lock | undefined> {
  try {
    return text === undefined ? undefined : await parseLock(text)
  } catch {
    return undefined
  }
}
