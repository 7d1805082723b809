import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { contextChanges } from './context-changes.ts'
import { readContext } from './context-folder.ts'
import { contextFiles } from './context-hash.ts'
import { GENERATED_MARK } from './dockerfile-text.ts'
import { RecipeError } from './problem.ts'
import type { RenderedImage } from './render.ts'

/** The folder that holds a build context for each image, relative to the repository's root. */
const CONTEXTS = 'dockerfiles'

/** A difference between what is committed and what the recipes render. */
export type Drift = {
  readonly image: string
  /** Relative to the repository's root. */
  readonly path: string
  /** `missing`: rendered but not there; `extra`: there but not rendered. */
  readonly kind: 'changed' | 'missing' | 'extra' | 'mode'
  /** Unified diff from what is there to what would be rendered, with a `git` line for changes of the mode. */
  readonly diff: string
}

/** Whether `rendered` is every image of the recipes: then the contexts of all others are left over from earlier ones. */
export type ContextsOptions = { readonly complete?: boolean }

/**
 * Writes the contexts to dockerfiles/<image>/ below `root`. Each is written beside its place and swapped in whole, so that
 * a crash leaves the old one or the new one; files that are not rendered any more go away with the old one. A context that
 * is as rendered is not touched. Answers the names of the images whose context changed or was removed.
 *
 * @throws {RecipeError} `foreign-folder` when the place is taken by a folder that was not generated; nothing is written then.
 */
export async function writeContexts(
  root: string,
  rendered: readonly RenderedImage[],
  options: ContextsOptions = {},
): Promise<string[]> {
  const drift = await compareContexts(root, rendered, options)
  const changed = [...new Set(drift.map(({ image }) => image))].sort()
  for (const name of changed) await refuseForeign(root, name)
  const images = new Map(rendered.map((image) => [image.name, image]))
  for (const name of changed) {
    const image = images.get(name)
    if (image) await swapIn(join(root, CONTEXTS), image)
    else await rm(join(root, CONTEXTS, name), { recursive: true })
  }
  return changed
}

/** What differs between dockerfiles/<image>/ and the rendered contexts; of modes, the executable bit, as git keeps it. */
export async function compareContexts(
  root: string,
  rendered: readonly RenderedImage[],
  { complete = false }: ContextsOptions = {},
): Promise<Drift[]> {
  const drift: Drift[] = []
  for (const image of rendered) {
    const path = `${CONTEXTS}/${image.name}`
    for (const change of contextChanges(path, await readContext(join(root, path)), image.files)) {
      drift.push({ image: image.name, ...change })
    }
  }
  const names = new Set(rendered.map(({ name }) => name))
  for (const name of complete ? await generatedContexts(root) : []) {
    if (names.has(name)) continue
    const path = `${CONTEXTS}/${name}`
    const changes = contextChanges(path, await readContext(join(root, path)), new Map())
    drift.push(...changes.map((change) => ({ image: name, ...change })))
  }
  return drift
}

/** The contexts that carry the mark; other folders are nobody's business here. */
async function generatedContexts(root: string): Promise<string[]> {
  const entries = await readdir(join(root, CONTEXTS), { withFileTypes: true }).catch(() => [])
  const names: string[] = []
  for (const entry of entries) {
    if (entry.isDirectory() && (await isGenerated(join(root, CONTEXTS, entry.name)))) names.push(entry.name)
  }
  return names.sort()
}

async function isGenerated(folder: string): Promise<boolean> {
  const dockerfile = await readFile(join(folder, 'Dockerfile'), 'utf8').catch(() => '')
  return dockerfile.startsWith(`${GENERATED_MARK}\n`)
}

async function refuseForeign(root: string, name: string): Promise<void> {
  const folder = join(root, CONTEXTS, name)
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : [name]))
  if (entries.length === 0 || (await isGenerated(folder))) return
  const remedy = 'move it away, or rename the image'
  throw new RecipeError('foreign-folder', `${CONTEXTS}/${name}: it was not generated from recipes; ${remedy}`)
}

async function swapIn(parent: string, image: RenderedImage): Promise<void> {
  const unique = randomBytes(6).toString('hex')
  const place = join(parent, image.name)
  const fresh = join(parent, `.${image.name}.${unique}.new`)
  const old = join(parent, `.${image.name}.${unique}.old`)
  try {
    for (const { path, content, mode } of contextFiles(image)) {
      await mkdir(dirname(join(fresh, path)), { recursive: true })
      await writeFile(join(fresh, path), content)
      await chmod(join(fresh, path), mode)
    }
    const hadOld = await moved(place, old)
    await rename(fresh, place).catch(async (error) => {
      if (hadOld) await rename(old, place)
      throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
    await rm(old, { recursive: true, force: true })
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
