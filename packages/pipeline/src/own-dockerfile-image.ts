import { createHash, type Hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, relative } from 'node:path'
import { type ContextEntry, readContextDirectory } from '@tf-images/engine'
import type { RenderedImage } from '@tf-images/recipe'
import { type OwnDockerfile, readOwnDockerfile } from '@tf-images/recipe/own-dockerfile'
import { type BaseSearch, findBase, type PinnedBase } from './base-search.ts'
import { PipelineError } from './errors.ts'

/** A Dockerfile that somebody wrote, and the folder that is its build context. */
export type OwnContext = Pick<OwnDockerfile, 'images' | 'base' | 'platformArguments' | 'withImages'> & {
  readonly folder: string
  /** Name of the Dockerfile in the folder. */
  readonly dockerfile: string
  /** What messages call it. */
  readonly place: string
  /** SHA-256, in hex, of the Dockerfile and of all that `.dockerignore` leaves of the folder: paths, modes, links, contents. */
  readonly hash: string
}

/** An image to be built: as recipes were rendered, or as a Dockerfile of somebody's own says. */
export type BuildableImage = RenderedImage & { readonly own?: OwnContext }

export type OwnDockerfileOptions = {
  /** Path of the Dockerfile. */
  readonly dockerfile: string
  /** Name that the image gets. */
  readonly name: string
  /** Folder that messages name files from. */
  readonly root: string
  readonly platform: string
}

/** More files than this are told as one when they change. */
const MOST_FILES = 100

/** What a Dockerfile calls it that a stage starts from nothing. */
export const NOTHING = 'scratch'

const nothing: PinnedBase = { reference: NOTHING, digest: NOTHING, origin: 'nothing at all' }

/**
 * Reads a Dockerfile and its build context.
 *
 * @throws RecipeError 'invalid' for what can not be built of it, all at once; PipelineError 'bad-source' when it can not be read;
 * EngineError 'invalid-context'
 */
export async function readOwnImage({
  dockerfile,
  name,
  root,
  platform,
}: OwnDockerfileOptions): Promise<BuildableImage & { readonly own: OwnContext }> {
  const place = relative(root, dockerfile)
  const text = await readFile(dockerfile, 'utf8').catch((cause: Error) => {
    const message = `${place}: can not be read; write the path from the root of the repository`
    throw new PipelineError('bad-source', message, { cause })
  })
  const own = readOwnDockerfile(place, text, platform)
  const folder = dirname(dockerfile)
  const entries = await readContextDirectory(folder, basename(dockerfile))
  const { hash, files } = await hashContext(entries, text)
  const reference = own.base ?? NOTHING
  return {
    name,
    description: name,
    base: { kind: 'base', name: reference, reference },
    files: new Map([['Dockerfile', { content: Buffer.from(text), mode: 0o644 as const }]]),
    sourceMap: text.split('\n').map((_, index) => ({ file: place, line: index + 1, column: 1 })),
    downloads: [],
    sources: [place],
    snippets: new Map(),
    fileHashes: files.size > MOST_FILES ? new Map([[`${dirname(place)}/`, hash.slice(0, 12)]]) : files,
    own: { ...own, folder, dockerfile: basename(dockerfile), place, hash },
  }
}

/**
 * Pins every image that a Dockerfile takes from a registry.
 *
 * @returns the one that it is built on in the end, with all of them
 * @throws PipelineError 'bad-source' when no registry has one of them; RegistryError when one refuses
 */
export async function pinImages({ images, base, place }: OwnContext, search: BaseSearch): Promise<PinnedBase> {
  const pinned = new Map<string, PinnedBase>()
  for (const reference of images) {
    const found = await findBase({ kind: 'base', name: reference, reference }, search)
    const remedy = 'correct the reference, or run again when its registry answers'
    const problem = `${place}: no registry that can be reached has ${reference}; ${remedy}`
    if (!found) throw new PipelineError('bad-source', problem)
    pinned.set(reference, found)
  }
  return { ...((base === undefined ? undefined : pinned.get(base)) ?? nothing), images: pinned }
}

/** The hash of all of it, and the start of that of each file. */
async function hashContext(
  entries: readonly ContextEntry[],
  dockerfile: string,
): Promise<{ readonly hash: string; readonly files: ReadonlyMap<string, string> }> {
  const all = createHash('sha256').update(JSON.stringify(['Dockerfile', dockerfile]))
  const files = new Map<string, string>()
  for (const entry of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const one = createHash('sha256')
    await hashEntry(entry, one)
    const digest = one.digest('hex')
    all.update(JSON.stringify([entry.path, digest]))
    files.set(entry.path, digest.slice(0, 12))
  }
  return { hash: all.digest('hex'), files }
}

async function hashEntry(entry: ContextEntry, hash: Hash): Promise<void> {
  if ('target' in entry) {
    hash.update(JSON.stringify(['link', entry.target]))
    return
  }
  hash.update(JSON.stringify([entry.mode]))
  if (typeof entry.content !== 'function') hash.update(entry.content)
  else for await (const bytes of entry.content()) hash.update(bytes)
}
