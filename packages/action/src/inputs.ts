import { join } from 'node:path'
import { getBooleanInput, getInput, setSecret } from '@actions/core'
import { context } from '@actions/github'
import {
  type ConvertLimits,
  type Credentials,
  chunkServersOf,
  errorText,
  type FidelityClass,
  type HubSettings,
  parseCount,
  parseFidelityClasses,
  parseSize,
} from '@tf-images/pipeline'

export type Inputs = {
  readonly image: string
  readonly root: string
  readonly registry: string
  readonly credentials?: Credentials
  readonly hub: HubSettings
  readonly workFolder: string
  readonly force: boolean
  readonly startupToml: boolean
  readonly strict?: ReadonlySet<FidelityClass>
  readonly limits: ConvertLimits
}

/**
 * Reads and checks every input, all problems at once. The only place of the action that knows inputs and the environment.
 * GitHub does not enforce `required`, so it is enforced here. Secrets are masked before anything else happens to them.
 */
export function readInputs(): Inputs {
  const token = secret('hub-token')
  const password = secret('registry-password')
  const required = { image: getInput('image'), 'hub-token': token }
  const problems: string[] = []
  const missing = Object.entries(required).filter(([, value]) => value === '')
  if (missing.length > 0) {
    const names = missing.map(([name]) => `"${name}"`).join(', ')
    problems.push(`${names} missing; set it under "with:" in the workflow (secrets are empty in runs from forks)`)
  }
  const strict = optional('strict', getInput('strict'), (text) => parseFidelityClasses(text), problems)
  const maxSize = optional('max-size', getInput('max-size'), parseSize, problems)
  const maxRatio = optional('max-ratio', getInput('max-ratio'), parseCount, problems)
  const maxEntries = optional('max-entries', getInput('max-entries'), parseCount, problems)
  const url = getInput('hub-url')
  const usual = optional('hub-url', url, chunkServersOf, problems)
  if (problems.length > 0) throw new Error(`action inputs: ${problems.join('; ')}`)
  const user = getInput('hub-user')
  const hub: HubSettings = {
    url,
    gateway: getInput('hub-gateway') || (usual?.gateway ?? ''),
    backend: getInput('hub-backend') || (usual?.backend ?? ''),
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
    ...(strict ? { strict } : {}),
    limits: {
      ...(maxSize === undefined ? {} : { maxSize }),
      ...(maxRatio === undefined ? {} : { maxRatio }),
      ...(maxEntries === undefined ? {} : { maxEntries }),
    },
  }
}

/** What an input says, where it says something; what is wrong with it is added to the problems. */
function optional<T>(name: string, text: string, parse: (text: string) => T, problems: string[]): T | undefined {
  if (text === '') return undefined
  try {
    return parse(text)
  } catch (error) {
    problems.push(`"${name}": ${errorText(error)}`)
    return undefined
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
