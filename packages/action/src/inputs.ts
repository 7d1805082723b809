import { join } from 'node:path'
import { getBooleanInput, getInput, setSecret } from '@actions/core'
import { context } from '@actions/github'
import type { Credentials, HubSettings } from '@tf-images/pipeline'

export type Inputs = {
  readonly image: string
  readonly root: string
  readonly registry: string
  readonly credentials?: Credentials
  readonly hub: HubSettings
  readonly workFolder: string
  readonly force: boolean
  readonly startupToml: boolean
}

/**
 * Reads and checks every input, all problems at once. The only place of the action that knows inputs and the environment.
 * GitHub does not enforce `required`, so it is enforced here. Secrets are masked before anything else happens to them.
 */
export function readInputs(): Inputs {
  const token = secret('hub-token')
  const password = secret('registry-password')
  const required = { image: getInput('image'), 'hub-token': token }
  const missing = Object.entries(required).filter(([, value]) => value === '')
  if (missing.length > 0) {
    const names = missing.map(([name]) => `"${name}"`).join(', ')
    throw new Error(
      `action inputs: ${names} missing; set it under "with:" in the workflow (secrets are empty in runs from forks)`,
    )
  }
  const user = getInput('hub-user')
  const hub: HubSettings = {
    url: getInput('hub-url'),
    gateway: getInput('hub-gateway'),
    backend: getInput('hub-backend'),
    token,
    ...(user ? { user } : {}),
  }
  const credentials = password ? { username: getInput('registry-username') || context.actor, password } : undefined
  return {
    image: required.image,
    root: getInput('root') || '.',
    registry: getInput('registry') || defaultRegistry(),
    hub,
    workFolder: getInput('work-folder') || join(process.env.RUNNER_TEMP ?? '.', 'flist'),
    force: getBooleanInput('force'),
    startupToml: getBooleanInput('startup-toml'),
    ...(credentials ? { credentials } : {}),
  }
}

function secret(name: string): string {
  const value = getInput(name)
  if (value) setSecret(value)
  return value
}

/** GHCR takes lower-case names only. */
function defaultRegistry(): string {
  return `ghcr.io/${context.repo.owner}/${context.repo.repo}`.toLowerCase()
}
