import type { Credentials } from './credentials.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'
import { isObject, type JsonObject } from './untrusted-json.ts'

/** The keys Docker files Docker Hub under, besides its name in references. */
const DOCKER_HUB_HOSTS = ['index.docker.io', 'registry-1.docker.io']

/**
 * Finds a registry's credentials in the text of Docker's `config.json`, where `docker login` keeps them: `auths` with
 * `auth` (base64 of `user:password`), `username` and `password`, or `identitytoken`.
 *
 * Credentials of a helper program cannot be read, as this package starts no programs: a registry that has one of its own
 * (`credHelpers`), or is listed without a password beside a helper for all (`credsStore`), is an error; any other registry
 * is anonymous. Source: docker/cli, `config/configfile` and `config/types/authconfig.go`.
 *
 * @param registry host as in references, e.g. `docker.io`
 * @throws RegistryError `bad-config`, and `unsupported` for helpers; never with any of the text in it
 */
export function parseDockerConfig(text: string, registry: string): Credentials | undefined {
  const config = parseConfig(text)
  const helpers = isObject(config.credHelpers) ? config.credHelpers : {}
  const helper = hostKeys(helpers, registry).map((key) => helpers[key])[0]
  if (typeof helper === 'string') throw needsHelper(registry, helper)
  const auths = isObject(config.auths) ? config.auths : {}
  const entries = hostKeys(auths, registry).map((key) => auths[key])
  for (const entry of entries) {
    const credentials = isObject(entry) ? readEntry(entry, registry) : undefined
    if (credentials !== undefined) return credentials
  }
  if (entries.length > 0 && typeof config.credsStore === 'string') throw needsHelper(registry, config.credsStore)
  return undefined
}

function parseConfig(text: string): JsonObject {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    // Judged below, without the parser's own error: it quotes the text, which is full of passwords.
  }
  if (isObject(config)) return config
  throw new RegistryError('bad-config', 'config.json of Docker: is not a JSON object; log in again with docker login')
}

/**
 * The keys of a registry: its host, also as an old URL with `/v1/` or `/v2/`. Keys with a longer path, as Podman writes
 * them for single repositories, are not for the whole registry and left alone.
 */
function hostKeys(entries: JsonObject, registry: string): string[] {
  const hosts = registry === 'docker.io' ? [registry, ...DOCKER_HUB_HOSTS] : [registry]
  return Object.keys(entries).filter((key) => {
    const host = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')
    return hosts.includes(host)
  })
}

function readEntry(entry: JsonObject, registry: string): Credentials | undefined {
  const { auth, identitytoken } = entry
  const { username, password } = typeof auth === 'string' && auth !== '' ? decodeAuth(auth, registry) : plain(entry)
  if (typeof identitytoken === 'string' && identitytoken !== '') {
    return { username, password, identityToken: identitytoken }
  }
  return username === '' && password === '' ? undefined : { username, password }
}

function plain({ username, password }: JsonObject): { username: string; password: string } {
  return {
    username: typeof username === 'string' ? username : '',
    password: typeof password === 'string' ? password : '',
  }
}

function decodeAuth(auth: string, registry: string): { username: string; password: string } {
  const decoded = Buffer.from(auth, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon > 0) {
    // Docker pads with zero bytes when it has kept the credentials elsewhere before.
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') }
  }
  throw new RegistryError(
    'bad-config',
    `config.json of Docker: "auth" of ${quote(registry)} is not user:password in base64; log in again with docker login`,
    { registry },
  )
}

function needsHelper(registry: string, helper: string): RegistryError {
  return new RegistryError(
    'unsupported',
    `config.json of Docker: the credentials of ${quote(registry)} are kept by ${quote(`docker-credential-${helper}`)}, which is not asked; give user name and password another way`,
    { registry },
  )
}
