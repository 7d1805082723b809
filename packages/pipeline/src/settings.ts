import type { HubClientOptions } from '@tf-images/hub'
import { parseReference } from '@tf-images/registry/reference'
import { PipelineError } from './errors.ts'
import type { Backend } from './image-metadata.ts'

/** Where an image's flist is published. Tokens come from the caller and go nowhere but to the hub and its gateway. */
export type HubSettings = {
  /** `https://hub.grid.tf` */
  readonly url: string
  /** The chunk gateway that the token opens, `hub://hub.grid.tf:9980`. */
  readonly gateway: string
  /** The 0-db that anyone can read the chunks from; recorded in each flist, `zdb://hub.grid.tf:9900/default`. */
  readonly backend: string
  readonly token: string
  /** The account to publish to, where it is not the token's own. */
  readonly user?: string
  /** How calls that fail on the network are tried again; see `HubClientOptions`. */
  readonly retry?: Pick<HubClientOptions, 'attempts' | 'firstPause' | 'deadline'>
}

/**
 * Where the chunks of a hub go and are read when nothing else was said: its own host, on the usual ports. Whoever names
 * another hub must not send its token to the gateway of a default one.
 *
 * @throws PipelineError 'bad-settings'
 */
export function chunkServersOf(hub: string): Pick<HubSettings, 'gateway' | 'backend'> {
  const host = URL.parse(hub)?.hostname
  // The text itself is not shown: it may hold a password.
  if (!host) throw new PipelineError('bad-settings', 'hub URL: has no host; use one like "https://hub.grid.tf"')
  return { gateway: `hub://${host}:9980`, backend: `zdb://${host}:9900/default` }
}

export type Credentials = { readonly username: string; readonly password: string }

/** Looks up the credentials of a registry host; undefined where there are none. */
export type CredentialLookup = (registry: string) => Promise<Credentials | undefined>

/** Reads `zdb://host:port/namespace`. @throws PipelineError 'bad-settings' */
export function parseBackend(location: string): Backend {
  const url = URL.parse(location)
  const namespace = url?.pathname.slice(1)
  if (url?.protocol !== 'zdb:' || !url.hostname || namespace?.includes('/')) {
    throw new PipelineError('bad-settings', `"${location}": no chunk backend; write zdb://host:port/namespace`)
  }
  return { host: url.hostname, port: Number(url.port || 9900), namespace: namespace || 'default' }
}

/** The registry host of a prefix such as `ghcr.io/owner/tf-images`, as credentials are looked up by. */
export function parseRegistryHost(prefix: string): string {
  return parseReference(`${prefix}/image`).registry
}
