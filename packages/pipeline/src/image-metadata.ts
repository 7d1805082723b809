import type { FlistMetadata } from '@tf-images/flist'

/** The part of an OCI image config's `config` object that a flist can carry (image-spec config.md). */
export type ImageRuntimeConfig = {
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Env?: readonly string[] | null
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null
  readonly Volumes?: Readonly<Record<string, unknown>> | null
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly WorkingDir?: string
  readonly User?: string
  readonly StopSignal?: string
  readonly Healthcheck?: object
  readonly OnBuild?: readonly string[] | null
  readonly Shell?: readonly string[] | null
}

/** Where the chunks of a flist can be read by anyone: host, port and namespace of a 0-db. */
export type Backend = { readonly host: string; readonly port: number; readonly namespace: string }

/** What identifies the source of a flist; recorded in its `image` row. */
export type ImageOrigin = {
  /** Manifest digest. */
  readonly digest: string
  /** Config digest. */
  readonly imageId: string
  readonly platform: string
  /** Version of the converter that made the flist. */
  readonly converter: string
  /** Hash of the flist's tree, and the same without times (`hashTree`): equal hash, equal content. */
  readonly treeHash: string
  readonly contentHash: string
}

/** The command a container of the image runs: ENTRYPOINT followed by CMD, as `docker run` does. */
export function imageCommand(config: ImageRuntimeConfig): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]
}

/** `NAME=value` entries as an object; an entry without `=` is a name with an empty value; the last one wins. */
export function imageEnvironment(config: ImageRuntimeConfig): Record<string, string> {
  const entries = (config.Env ?? []).map((entry) => {
    const at = entry.indexOf('=')
    return at < 0 ? ([entry, ''] as const) : ([entry.slice(0, at), entry.slice(at + 1)] as const)
  })
  return Object.fromEntries(entries)
}

/** The rows that flists have for what an image config says: entrypoint, environ, port, volume, readme. */
export function configMetadata(config: ImageRuntimeConfig): FlistMetadata {
  const command = imageCommand(config)
  const readme = config.Labels?.['org.opencontainers.image.description']
  return {
    ...(command.length > 0 ? { entrypoint: [...command] } : {}),
    ...(config.Env?.length ? { environ: imageEnvironment(config) } : {}),
    ...(keysOf(config.ExposedPorts).length > 0 ? { port: portRows(keysOf(config.ExposedPorts)) } : {}),
    ...(keysOf(config.Volumes).length > 0 ? { volume: volumeRows(keysOf(config.Volumes)) } : {}),
    ...(readme ? { readme: readmeRow(readme, config.Labels?.['org.opencontainers.image.licenses']) } : {}),
  }
}

/**
 * Maps an image config to flist metadata rows. What flists have a row for goes there; the rest that a runtime may need
 * (user, working directory, stop signal, health check, labels) and the origin go to the row `image`.
 */
export function imageMetadata(config: ImageRuntimeConfig, origin: ImageOrigin, backend?: Backend): FlistMetadata {
  const labels = config.Labels ?? {}
  return {
    ...(backend ? { backend: { namespace: backend.namespace, host: backend.host, port: backend.port } } : {}),
    ...configMetadata(config),
    image: {
      ...origin,
      ...(config.User ? { user: config.User } : {}),
      ...(config.WorkingDir ? { workingDir: config.WorkingDir } : {}),
      ...(config.StopSignal ? { stopSignal: config.StopSignal } : {}),
      ...(config.Healthcheck ? { healthcheck: config.Healthcheck } : {}),
      ...(Object.keys(labels).length > 0 ? { labels: sortedByKey(labels) } : {}),
    },
  }
}

/** `80/tcp` becomes `tcp/80: 80`: a port of the image is published under its own number. */
function portRows(ports: readonly string[]): Record<string, number> {
  const rows = ports.map((port) => {
    const [number = '', protocol = 'tcp'] = port.split('/')
    return [`${protocol}/${number}`, Number(number)] as const
  })
  return Object.fromEntries(rows.filter(([, number]) => Number.isInteger(number)))
}

function volumeRows(paths: readonly string[]): Record<string, { host?: string }> {
  return Object.fromEntries(paths.map((path) => [path, {}]))
}

function readmeRow(readme: string, license: string | undefined): { readme: string; license?: string } {
  return license ? { readme, license } : { readme }
}

// Sorted, so that the same image gives the same bytes whatever wrote its config.
function keysOf(record: Readonly<Record<string, unknown>> | null | undefined): string[] {
  return Object.keys(record ?? {}).sort()
}

function sortedByKey(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
