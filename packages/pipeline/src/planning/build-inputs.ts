import { hash } from 'node:crypto'
import { contextHash } from '@tf-images/recipe'
import { BUILDER_VERSION, CONVERTER_VERSION } from '../build-id.ts'
import type { BuildableImage } from '../own-dockerfile-image.ts'

/** What a result is made of: by this it is identified, and with this a later one is compared. */
export type BuildInputs = {
  /** Hash of the rendered build context: paths, modes, contents. */
  readonly context: string
  /** What it is built on, by the name that the recipes have for it, and its manifest digest. */
  readonly base: { readonly name: string; readonly digest: string }
  /** Of a Dockerfile of somebody's own: the digests of all images that it takes from registries, by how it names them. */
  readonly images?: Readonly<Record<string, string>>
  /** `linux/amd64` */
  readonly platform: string
  /** Build arguments but for the base: hashes of downloads that the lock knows. */
  readonly arguments: Readonly<Record<string, string>>
  /** Versions of the snippets it adds, by name; empty for one without. */
  readonly snippets: Readonly<Record<string, string>>
  readonly converter: string
  readonly builder: string
  /** What is added to the flist. */
  readonly startupToml?: true
  /** What tells whether a file of the recipes changed, by its path. Not part of the identity: a comment changes it. */
  readonly files: Readonly<Record<string, string>>
}

export type InputOptions = {
  readonly base: BuildInputs['base']
  readonly images?: ReadonlyMap<string, { readonly digest: string }> | undefined
  readonly platform: string
  readonly buildArguments: Readonly<Record<string, string>>
  readonly startupToml?: boolean
}

export function inputsOf(image: BuildableImage, options: InputOptions): BuildInputs {
  const { base, images, platform, buildArguments, startupToml = false } = options
  return {
    context: image.own?.hash ?? contextHash(image),
    base,
    ...(images ? { images: Object.fromEntries([...images].map(([name, { digest }]) => [name, digest])) } : {}),
    platform,
    arguments: buildArguments,
    snippets: Object.fromEntries([...image.snippets].map(([name, version]) => [name, version ?? ''])),
    converter: CONVERTER_VERSION,
    builder: BUILDER_VERSION,
    ...(startupToml ? { startupToml: true as const } : {}),
    files: Object.fromEntries(image.fileHashes),
  }
}

/**
 * Identifies a result by all that determines it: equal inputs, equal id, in whatever order they are named. 64 hex digits. Of
 * the base it is the digest that counts, and not what it is called.
 */
export function buildIdOf({ files: _told, base, ...inputs }: BuildInputs): string {
  return hash('sha256', JSON.stringify(sorted({ ...inputs, base: base.digest })))
}

/** The inputs as the label has them. */
export function inputsLabel(inputs: BuildInputs): string {
  return JSON.stringify(sorted(inputs))
}

/** Reads a label, which anybody may have written; undefined when it is none of ours. */
export function parseInputsLabel(label: string | undefined): BuildInputs | undefined {
  const value = parseJson(label ?? '')
  if (!isRecord(value) || !isRecord(value.base)) return undefined
  const { context, base, images = {}, platform, arguments: given, snippets, converter, builder, files } = value
  if (![context, base.name, base.digest, platform, converter, builder].every(isText)) return undefined
  if (![given, snippets, files, images].every(isTexts)) return undefined
  return value as BuildInputs
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every(isText)
}

function sorted(value: unknown): unknown {
  if (!isRecord(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)]))
}
