import { getInput, setSecret } from '@actions/core'
import { context } from '@actions/github'
import {
  type ConvertLimits,
  type CredentialLookup,
  chunkServersOf,
  errorText,
  type HubSettings,
  parseCount,
  parseFidelityClasses,
  parseRegistryHost,
  parseSize,
  type ReadSettings,
} from '@tf-images/pipeline'
import { type ActionName, actionDefinitions, type InputOf } from './definitions/actions.ts'
import type { InputName } from './definitions/inputs.ts'

/** Names of images, legs and machines: they become paths, tags and names of artifacts. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/**
 * Reads the inputs of one action. What is wrong is collected, and said at once by `check`, before any work. Secrets are masked when they
 * are read, before anything else happens to them, and so is what registries are sent instead of them.
 */
export class InputReader<A extends ActionName> {
  readonly #action: A
  readonly #problems: string[] = []

  constructor(action: A) {
    this.#action = action
    const { required = [] } = actionDefinitions[action] as { required?: readonly InputName[] }
    const missing = required.filter((name) => getInput(name) === '').map((name) => `"${name}"`)
    if (missing.length > 0) {
      const names = missing.join(', ')
      this.#problems.push(
        `${names} missing; set it under "with:" in the workflow (secrets are empty in runs from forks)`,
      )
    }
  }

  /** @throws Error with everything that is wrong, when something is */
  check(): void {
    if (this.#problems.length === 0) return
    const action = this.#action === 'image' ? 'action' : this.#action
    throw new Error(`${action} inputs: ${this.#problems.join('; ')}`)
  }

  /** Adds a problem, for what no single input can know. */
  refuse(problem: string): void {
    this.#problems.push(problem)
  }

  text(name: InputOf<A>): string {
    return getInput(name)
  }

  secret(name: InputOf<A>): string {
    const value = getInput(name)
    if (value) mask(value)
    return value
  }

  /** `true` or `false`, as YAML 1.2 writes them. */
  flag(name: InputOf<A>): boolean {
    const text = getInput(name).toLowerCase()
    if (text !== '' && text !== 'true' && text !== 'false')
      this.#problems.push(`"${name}": ${JSON.stringify(text)} is neither true nor false`)
    return text === 'true'
  }

  /** A name; what is none is not taken further. */
  name(name: InputOf<A>): string {
    return this.#names(name, [getInput(name)].filter(Boolean))[0] ?? ''
  }

  names(name: InputOf<A>): string[] {
    return this.#names(
      name,
      getInput(name)
        .split(/[\s,]+/)
        .filter(Boolean),
    )
  }

  parsed<T>(name: InputOf<A>, parse: (text: string) => T): T | undefined {
    const text = getInput(name)
    if (text === '') return undefined
    try {
      return parse(text)
    } catch (error) {
      this.#problems.push(`"${name}": ${errorText(error)}`)
      return undefined
    }
  }

  #names(input: string, names: readonly string[]): string[] {
    for (const text of names.filter((text) => !NAME.test(text)))
      this.#problems.push(`"${input}": ${JSON.stringify(text)} is no name; use letters, digits, ".", "_" and "-"`)
    return names.filter((text) => NAME.test(text))
  }
}

/** What reads inputs that several actions have. */
type TextReader<N extends InputName> = {
  text(name: N): string
  parsed<T>(name: N, parse: (text: string) => T): T | undefined
}
type RegistryReader = TextReader<'registry' | 'registry-username'> & {
  secret(name: 'registry-password'): string
  refuse(problem: string): void
}

export type RegistryInputs = { readonly registry: string; readonly credentials: CredentialLookup }

/** GHCR takes lower-case names only, and owners have others: so what is given is made lower case. */
export function readRegistry(inputs: RegistryReader): RegistryInputs {
  const { owner, repo } = repositoryOf(inputs)
  const registry = (inputs.text('registry') || `ghcr.io/${owner}/${repo}`).toLowerCase().replace(/\/+$/, '')
  const password = inputs.secret('registry-password')
  const given = inputs.text('registry-username')
  if (given && !password) inputs.refuse('"registry-username" without "registry-password"; give both or none')
  const host = inputs.parsed('registry', () => parseRegistryHost(registry)) ?? parseRegistryHost(registry)
  const username = given || context.actor
  if (!password) return { registry, credentials: async () => undefined }
  mask(Buffer.from(`${username}:${password}`).toString('base64'))
  return { registry, credentials: async (asked) => (asked === host ? { username, password } : undefined) }
}

function repositoryOf(inputs: RegistryReader): { owner: string; repo: string } {
  const [owner = '', repo = ''] = (process.env.GITHUB_REPOSITORY ?? '').split('/')
  if ((!owner || !repo) && !inputs.text('registry'))
    inputs.refuse('"registry" missing, and there is no repository to name it by')
  return { owner: owner || 'owner', repo: repo || 'repository' }
}

type HubReader = TextReader<'hub-url' | 'hub-gateway' | 'hub-backend' | 'hub-user'>

/** The hub inputs. @param token empty where there is none */
export function readHub(inputs: HubReader, token: string): HubSettings {
  const usual = inputs.parsed('hub-url', chunkServersOf)
  return {
    ...readAccount(inputs, token),
    gateway: inputs.text('hub-gateway') || (usual?.gateway ?? ''),
    backend: inputs.text('hub-backend') || (usual?.backend ?? ''),
    token,
  }
}

/** The inputs that say whose flists to look at. */
export function readAccount(inputs: TextReader<'hub-url' | 'hub-user'>, token: string): ReadSettings {
  const user = inputs.text('hub-user')
  return { url: inputs.text('hub-url'), ...(token ? { token } : {}), ...(user ? { user } : {}) }
}

type ConversionReader = {
  flag(name: 'startup-toml'): boolean
  parsed<T>(name: 'strict' | 'max-size' | 'max-ratio' | 'max-entries', parse: (text: string) => T): T | undefined
}

/** The inputs that say what a conversion may do and cost. */
export function readConversion(inputs: ConversionReader) {
  const strict = inputs.parsed('strict', (text) => parseFidelityClasses(text))
  const maxSize = inputs.parsed('max-size', parseSize)
  const maxRatio = inputs.parsed('max-ratio', parseCount)
  const maxEntries = inputs.parsed('max-entries', parseCount)
  const limits: ConvertLimits = {
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(maxRatio === undefined ? {} : { maxRatio }),
    ...(maxEntries === undefined ? {} : { maxEntries }),
  }
  return { startupToml: inputs.flag('startup-toml'), limits, ...(strict ? { strict } : {}) }
}

/** Hides a text from the log; each line of it, as the runner looks at lines. */
function mask(secret: string): void {
  setSecret(secret)
  for (const line of secret.split(/[\r\n]+/).filter((line) => line.length > 3 && line !== secret)) setSecret(line)
}
