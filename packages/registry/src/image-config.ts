import { parseDigest } from './digest.ts'
import { quote } from './quoted-text.ts'
import {
  badDocument,
  isObject,
  type JsonObject,
  optionalObject,
  optionalSet,
  optionalText,
  optionalTextMap,
  optionalTexts,
  type Problems,
  parseJsonObject,
  requiredList,
  requiredObject,
  requiredText,
} from './untrusted-json.ts'

/**
 * How a container of the image is started. Source: image-spec, config.md, "config". Absent and null are the same there.
 */
export type ContainerConfig = {
  readonly User?: string
  /** A set: its keys are `80/tcp` */
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  /** A set: its keys are paths */
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  /** Docker's addition: Test, Interval, Timeout, StartPeriod, Retries, as they stand in the config */
  readonly Healthcheck?: object
  /** Docker's addition: instructions for builds on top of the image */
  readonly OnBuild?: readonly string[]
  /** Docker's addition: what RUN uses in builds on top of the image */
  readonly Shell?: readonly string[]
}

/** One step of how the image was built; without `empty_layer` it made a layer. */
export type HistoryEntry = {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

/** The config blob of an image. Source: image-spec, config.md; Docker's has the same fields. */
export type ImageConfig = {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  /** RFC 3339, as written */
  readonly created?: string
  readonly author?: string
  readonly config: ContainerConfig
  /** Names of the fields of `config` that are not read here and say something: not null, false or empty */
  readonly otherConfigFields?: readonly string[]
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] }
  readonly history: readonly HistoryEntry[]
}

/** Most bytes of an image config. */
export const CONFIG_LIMIT = 4 * 1024 * 1024

/**
 * Parses an image config.
 *
 * @param layers number of layers of the manifest, which must be the number of diff ids
 * @param subject what the document is, for messages
 * @throws RegistryError `bad-manifest` with every problem
 */
export function parseImageConfig(bytes: Uint8Array, layers: number, subject: string): ImageConfig {
  const document = parseJsonObject(bytes, subject)
  const problems: Problems = []
  const variant = optionalText(document, 'variant', '', problems)
  const created = optionalText(document, 'created', '', problems)
  const author = optionalText(document, 'author', '', problems)
  const container = optionalObject(document, 'config', '', problems) ?? {}
  const otherConfigFields = listOtherFields(container)
  const config: ImageConfig = {
    os: requiredText(document, 'os', '', problems),
    architecture: requiredText(document, 'architecture', '', problems),
    ...(variant && { variant }),
    ...(created && { created }),
    ...(author && { author }),
    config: readContainerConfig(container, problems),
    ...(otherConfigFields.length > 0 && { otherConfigFields }),
    rootfs: { type: 'layers', diff_ids: readDiffIds(document, layers, problems) },
    history: readHistory(document, problems),
  }
  if (problems.length > 0) throw badDocument(subject, problems)
  return config
}

function readContainerConfig(config: JsonObject, problems: Problems): ContainerConfig {
  const at = 'config.'
  const read = {
    User: optionalText(config, 'User', at, problems),
    ExposedPorts: optionalSet(config, 'ExposedPorts', at, problems),
    Env: optionalTexts(config, 'Env', at, problems),
    Entrypoint: optionalTexts(config, 'Entrypoint', at, problems),
    Cmd: optionalTexts(config, 'Cmd', at, problems),
    Volumes: optionalSet(config, 'Volumes', at, problems),
    WorkingDir: optionalText(config, 'WorkingDir', at, problems),
    Labels: optionalTextMap(config, 'Labels', at, problems),
    StopSignal: optionalText(config, 'StopSignal', at, problems),
    Healthcheck: readHealthcheck(config, at, problems),
    OnBuild: optionalTexts(config, 'OnBuild', at, problems),
    Shell: optionalTexts(config, 'Shell', at, problems),
  }
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))
}

/** Its fields are as they stand, but nothing is nested: what goes through a value to its end needs a stack for that. */
function readHealthcheck(config: JsonObject, at: string, problems: Problems): JsonObject | undefined {
  const healthcheck = optionalObject(config, 'Healthcheck', at, problems)
  for (const [name, value] of Object.entries(healthcheck ?? {})) {
    if ([value].flat().some((item) => typeof item === 'object' && item !== null)) {
      problems.push(`${at}Healthcheck: the value of ${quote(name, 60)} is neither simple nor a list of simple values`)
    }
  }
  return healthcheck
}

const READ_FIELDS: ReadonlySet<string> = new Set([
  ...['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels', 'StopSignal'],
  ...['Healthcheck', 'OnBuild', 'Shell'],
])

function listOtherFields(config: JsonObject): string[] {
  const names = Object.keys(config).filter((name) => !READ_FIELDS.has(name))
  return names.filter((name) => !saysNothing(config[name])).sort()
}

/** Engines write every field of their type, mostly without a value. */
function saysNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === false || value === '' || value === 0
}

function readDiffIds(document: JsonObject, layers: number, problems: Problems): string[] {
  const rootfs = requiredObject(document, 'rootfs', '', problems)
  if (rootfs === undefined) return []
  if (rootfs.type !== 'layers') problems.push('rootfs.type is not "layers"')
  // Go writes the empty list of an image without layers as null.
  const list = rootfs.diff_ids === null ? [] : requiredList(rootfs, 'diff_ids', 'rootfs.', problems)
  if (list.length !== layers) {
    problems.push(`rootfs.diff_ids has ${list.length} entries and the manifest ${layers} layers`)
  }
  return list.map((id, n) => {
    if (typeof id === 'string' && parseDigest(id) !== undefined) return id
    problems.push(`rootfs.diff_ids[${n}] ${typeof id === 'string' ? `${quote(id)} ` : ''}is not a digest`)
    return ''
  })
}

function readHistory(document: JsonObject, problems: Problems): HistoryEntry[] {
  if (document.history === undefined || document.history === null) return []
  return requiredList(document, 'history', '', problems).map((entry, n) => {
    if (isObject(entry)) return readHistoryEntry(entry, `history[${n}].`, problems)
    problems.push(`history[${n}] is not an object`)
    return {}
  })
}

function readHistoryEntry(entry: JsonObject, at: string, problems: Problems): HistoryEntry {
  const created = optionalText(entry, 'created', at, problems)
  const createdBy = optionalText(entry, 'created_by', at, problems)
  const author = optionalText(entry, 'author', at, problems)
  const comment = optionalText(entry, 'comment', at, problems)
  return {
    ...(created && { created }),
    ...(createdBy && { created_by: createdBy }),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(entry.empty_layer === true && { empty_layer: true }),
  }
}
