import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  type CredentialLookup,
  chunkServersOf,
  type HubSettings,
  PipelineError,
  type ReadSettings,
} from '@tf-images/pipeline'
import { parseDockerConfig } from '@tf-images/registry/docker-config'
import { type Command, Option } from 'commander'
import { readSecretFile } from './secret-file.ts'

/** Options of every command that writes to a hub. Tokens never come as arguments: others see those in the process list. */
export function hubOptions(command: Command): Command {
  return readingOptions(command)
    .addOption(
      new Option('--gateway <url>', 'chunk gateway; by default port 9980 of the hub’s host').env('FLIST_HUB_GATEWAY'),
    )
    .addOption(
      new Option('--backend <url>', 'where chunks are read; by default zdb:// on port 9900 of the hub’s host').env(
        'FLIST_HUB_BACKEND',
      ),
    )
}

/** Options of every command that reads from a hub. */
export function readingOptions(command: Command): Command {
  return command
    .addOption(new Option('--hub <url>', 'the hub').env('FLIST_HUB_URL').default('https://hub.grid.tf'))
    .addOption(new Option('--hub-user <name>', 'account, where it is not the token’s own').env('FLIST_HUB_USER'))
    .addOption(new Option('--hub-token-file <path>', 'file with the token; or set FLIST_HUB_TOKEN'))
}

export type HubOptionValues = {
  readonly hub: string
  readonly gateway?: string
  readonly backend?: string
  readonly hubUser?: string
  readonly hubTokenFile?: string
}

/** @throws PipelineError 'bad-settings' when there is no token */
export async function hubSettings(values: HubOptionValues): Promise<HubSettings> {
  const token = await readToken(values)
  if (!token) {
    throw new PipelineError('bad-settings', `no token for ${values.hub}; set FLIST_HUB_TOKEN or give --hub-token-file`)
  }
  const { hub: url, hubUser: user } = values
  const usual = chunkServersOf(url)
  const { gateway = usual.gateway, backend = usual.backend } = values
  return { url, gateway, backend, token, ...(user ? { user } : {}) }
}

/** Settings for reading, which needs no token where the account is named; undefined where neither is given. */
export async function readSettings(
  values: Pick<HubOptionValues, 'hub' | 'hubUser' | 'hubTokenFile'>,
): Promise<ReadSettings | undefined> {
  const token = await readToken(values)
  const { hub: url, hubUser: user } = values
  if (!token && !user) return undefined
  return { url, ...(token ? { token } : {}), ...(user ? { user } : {}) }
}

/** @throws PipelineError 'bad-settings' when neither a token nor an account is given */
export async function requiredReadSettings(
  values: Pick<HubOptionValues, 'hub' | 'hubUser' | 'hubTokenFile'>,
): Promise<ReadSettings> {
  const settings = await readSettings(values)
  if (settings) return settings
  throw new PipelineError('bad-settings', `no account on ${values.hub}; give --hub-user, or set FLIST_HUB_TOKEN`)
}

async function readToken({ hubTokenFile }: Pick<HubOptionValues, 'hubTokenFile'>): Promise<string | undefined> {
  return hubTokenFile ? readSecretFile(hubTokenFile, '--hub-token-file') : process.env.FLIST_HUB_TOKEN?.trim()
}

/** Registry credentials as `docker login` keeps them (`$DOCKER_CONFIG/config.json`). */
export const dockerCredentials: CredentialLookup = async (registry) => {
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker')
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseDockerConfig(text, registry)
}

/** `linux/<architecture>` of this machine, in OCI's words. */
export function hostPlatform(): string {
  const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  return `linux/${architectures[process.arch] ?? process.arch}`
}
