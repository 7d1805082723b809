import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { reference, version } from './names.ts'
import { type Location, type Problem, reportInto, throwProblems } from './problem.ts'
import { decodeText, openFolder } from './recipe-folder.ts'
import type { Recipes } from './recipes.ts'
import { type RenderedImage, renderImage } from './render.ts'
import type { Download } from './stage-contents.ts'
import { validate } from './validation.ts'
import { readYaml } from './yaml-source.ts'

/** The file that pins what the recipes do not say themselves; at the root of the repository. */
export const LOCK_FILE = 'recipes.lock.yaml'

/** As snapshot archives write it. */
export const SNAPSHOT_DATE = /^\d{8}(?:T\d{6}Z)?$/

const lockSchema = z.strictObject({
  bases: z.record(
    z.string(),
    z.strictObject({ reference, digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is no digest') }),
  ),
  snippets: z.record(z.string(), version),
  downloads: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256')),
  snapshots: z
    .record(z.string(), z.string().regex(SNAPSHOT_DATE, 'is no date: write it like "20240131T000000Z"'))
    .optional(),
})

/** What was pinned: bases by name, the versions of snippets by name, SHA-256 of downloads by URL, dates of packages by base. */
export type Lock = z.output<typeof lockSchema>

/** One thing that is not as the lock says. */
export type LockDifference = {
  readonly kind: 'base' | 'snippet' | 'download' | 'snapshot'
  readonly name: string
  /** What the lock has; nothing when it does not know it. */
  readonly locked?: string
  /** What there is; nothing when it is not used any more, or only a lock can tell. */
  readonly found?: string
  /** Of what only a lock can tell: where the recipes name it. */
  readonly place?: Location
}

/**
 * Reads recipes.lock.yaml below `root`; undefined when there is none.
 *
 * @throws {RecipeError} `invalid`
 */
export async function readLock(root: string): Promise<Lock | undefined> {
  const bytes = await openFolder(root, '.').read(LOCK_FILE)
  return bytes && parseLock(bytes)
}

/**
 * Reads the bytes of a recipes.lock.yaml.
 *
 * @throws {RecipeError} `invalid`
 */
export async function parseLock(bytes: Uint8Array | string): Promise<Lock> {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const text = typeof bytes === 'string' ? bytes : decodeText(LOCK_FILE, bytes, report)
  const source = text === undefined ? undefined : await readYaml(LOCK_FILE, text, report)
  const lock = source && validate(lockSchema, source, report)
  throwProblems(problems)
  return lock ?? { bases: {}, snippets: {}, downloads: {} }
}

/** Writes recipes.lock.yaml below `root`, sorted, so that equal locks are equal bytes. */
export async function writeLock(root: string, lock: Lock): Promise<void> {
  const { stringify } = await import('./yaml-text.ts')
  const comment = '# Written by `flist lock`; commit it. It pins what the recipes name but do not hold.\n'
  await writeFile(join(root, LOCK_FILE), `${comment}${stringify(lock, { sortMapEntries: true, lineWidth: 0 })}`)
}

/** What a part of a lock has under a name; one like "constructor" is not there before somebody put it there. */
export function lockEntry<T>(part: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return part && Object.hasOwn(part, name) ? part[name] : undefined
}

/** The bases that images of the recipes are built on, by name, with their references. */
export function usedBases(recipes: Recipes): ReadonlyMap<string, string> {
  const used = [...recipes.images.values()].flatMap(({ base }) => (base.kind === 'base' ? [base.name] : []))
  return new Map([...new Set(used)].sort().map((name) => [name, recipes.bases.get(name)?.reference ?? '']))
}

/** The bases that are used and take their packages from a snapshot. */
export function snapshotBases(recipes: Recipes): string[] {
  return [...usedBases(recipes).keys()].filter((name) => recipes.bases.get(name)?.snapshot !== undefined)
}

/** The downloads of all images whose hash only a lock can tell, each URL once. */
export function unhashedDownloads(recipes: Recipes): Download[] {
  const own = new Set(downloadsOf(recipes).flatMap(({ url, sha256 }) => (sha256 === undefined ? [] : [url])))
  const unhashed = downloadsOf(recipes).flatMap((download) => (own.has(download.url) ? [] : [download]))
  return [...new Map(unhashed.map((download) => [download.url, download])).values()]
}

/** The build arguments that bring an image the hashes of a lock, and the downloads of which the lock has none. */
export function downloadArguments(
  { downloads }: RenderedImage,
  lock: Pick<Lock, 'downloads'> | undefined,
): { readonly values: Readonly<Record<string, string>>; readonly missing: readonly Download[] } {
  const values: Record<string, string> = {}
  const missing: Download[] = []
  for (const download of downloads) {
    if (download.argument === undefined) continue
    const hash = lockEntry(lock?.downloads, download.url)
    if (hash === undefined) missing.push(download)
    else values[download.argument] = hash
  }
  return { values, missing }
}

/**
 * What the recipes themselves say that a lock pins; the digests of the bases are a registry's to tell, and `hashes` has those
 * of downloads, by URL, that the recipes leave to the lock, `dates` those of snapshots by base.
 */
export function lockOf(
  recipes: Recipes,
  digests: ReadonlyMap<string, string>,
  hashes: ReadonlyMap<string, string> = new Map(),
  dates: ReadonlyMap<string, string> = new Map(),
): Lock {
  const snapshots = snapshotBases(recipes).flatMap((name) => {
    const date = dates.get(name)
    return date === undefined ? [] : [[name, date] as const]
  })
  const left = unhashedDownloads(recipes).map(({ url }) => ({ url, sha256: hashes.get(url) }))
  const downloads = [...left, ...downloadsOf(recipes)].flatMap(({ url, sha256 }) =>
    sha256 === undefined ? [] : [[url, sha256] as const],
  )
  const bases = [...usedBases(recipes)].flatMap(([name, reference]) => {
    const digest = digests.get(name)
    return digest === undefined ? [] : [[name, { reference, digest }] as const]
  })
  const snippets = [...recipes.snippets.values()].flatMap(({ name, version }) =>
    version === undefined ? [] : [[name, version] as const],
  )
  return {
    bases: Object.fromEntries(bases),
    snippets: Object.fromEntries(snippets),
    downloads: Object.fromEntries(downloads),
    ...(snapshots.length > 0 ? { snapshots: Object.fromEntries(snapshots) } : {}),
  }
}

/** What is not as the lock says, by kind and name. */
export function compareLock(lock: Lock, found: Lock): LockDifference[] {
  const bases = ({ bases }: Lock) => mapValues(bases, ({ reference, digest }) => `${reference}@${digest}`)
  return [
    ...differences('base', bases(lock), bases(found)),
    ...differences('snippet', lock.snippets, found.snippets),
    ...differences('download', lock.downloads, found.downloads),
    ...differences('snapshot', lock.snapshots ?? {}, found.snapshots ?? {}),
  ]
}

/** The same without a registry: a base is as locked when its reference is. */
export function compareLockOffline(lock: Lock, recipes: Recipes): LockDifference[] {
  const digests = Object.entries(lock.bases).map(([name, { digest }]) => [name, digest] as const)
  const dates = new Map(Object.entries(lock.snapshots ?? {}))
  const found = lockOf(recipes, new Map(digests), new Map(Object.entries(lock.downloads)), dates)
  const unlocked = [...usedBases(recipes)].filter(([name]) => !Object.hasOwn(lock.bases, name))
  const unhashed = unhashedDownloads(recipes).filter(({ url }) => !Object.hasOwn(lock.downloads, url))
  return [
    ...unlocked.map(([name, reference]) => ({ kind: 'base' as const, name, found: reference })),
    ...unhashed.map(({ url, origin }) => ({ kind: 'download' as const, name: url, place: origin })),
    ...compareLock(lock, found),
  ]
}

/** `base debian:12: … → …`, for people. */
export function formatLockDifference({ kind, name, locked, found, place }: LockDifference): string {
  if (place) return `${kind} ${name}: not in the lock (${place.file}:${place.line}:${place.column})`
  if (locked === undefined) return `${kind} ${name}: not in the lock, now ${found}`
  return found === undefined
    ? `${kind} ${name}: in the lock, but not used any more`
    : `${kind} ${name}: ${locked} → ${found}`
}

function downloadsOf(recipes: Recipes): Download[] {
  return [...recipes.images.keys()].flatMap((name) => renderImage(recipes, name).downloads)
}

type Texts = Readonly<Record<string, string>>

function differences(kind: LockDifference['kind'], locked: Texts, found: Texts): LockDifference[] {
  const names = [...new Set([...Object.keys(locked), ...Object.keys(found)])].sort()
  return names.flatMap((name) => {
    const [before, now] = [lockEntry(locked, name), lockEntry(found, name)]
    if (before === now) return []
    return [
      { kind, name, ...(before === undefined ? {} : { locked: before }), ...(now === undefined ? {} : { found: now }) },
    ]
  })
}

function mapValues<V>(values: Readonly<Record<string, V>>, text: (value: V) => string): Texts {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]))
}
