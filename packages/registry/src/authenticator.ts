import { type Challenge, parseChallenges } from './challenge.ts'
import { basicAuthorization, type Credentials, type CredentialsLookup } from './credentials.ts'
import { quote } from './quoted-text.ts'
import { requestToken } from './token-service.ts'
import type { Transport } from './transport.ts'

/** What an authorization is good for. */
export type AccessScope = {
  readonly registry: string
  /** Base URL of the registry's API */
  readonly home: URL
  readonly repository: string
  readonly actions: 'pull' | 'pull,push'
}

/** Who a request was made as. */
export type Account = { readonly text: string; readonly anonymous: boolean }

/** Knows the `Authorization` header of each request, and gets new ones when a registry asks. */
export type Authenticator = {
  /** The header that worked last for this scope; `undefined` before the first challenge and after its token expired. */
  current(scope: AccessScope): string | undefined
  /**
   * Answers a challenge. Requests that are challenged at the same time share one token request.
   *
   * @param rejected the header the challenged request was sent with
   * @returns the header to try, or `undefined` when the challenge cannot be answered with what we have
   */
  answer(scope: AccessScope, challenge: string | undefined, rejected: string | undefined): Promise<string | undefined>
  /** Who requests to this registry are made as, by the last challenge answered. */
  account(registry: string): Account
  /** Replaces every secret in use by `***`. */
  redact(text: string): string
}

type Grant = { readonly authorization: string; readonly expires: number }

const ANONYMOUS: Account = { text: 'anonymously', anonymous: true }
/** A token is renewed this many milliseconds before its end, so that it does not expire on the way. */
const MARGIN = 5_000

/**
 * An authenticator for Basic and for the token flow of registries. Tokens are kept per registry, repository and actions
 * until they expire: one is never sent to another registry, nor used for another repository.
 *
 * @param credentials may throw; its error ends the request
 */
export function createAuthenticator(transport: Transport, credentials: CredentialsLookup): Authenticator {
  const grants = new Map<string, Grant>()
  const pending = new Map<string, Promise<string | undefined>>()
  const accounts = new Map<string, Account>()
  const passwords = new Map<string, string[]>()

  const redact = (text: string): string => {
    const tokens = [...grants.values()].map(({ authorization }) => authorization.replace(/^\w+ /, ''))
    return [...passwords.values()]
      .flat()
      .concat(tokens)
      .reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, '***')), text)
  }

  const lookUp = async (registry: string): Promise<Credentials | undefined> => {
    const found = await credentials(registry)
    accounts.set(registry, describe(found))
    passwords.set(registry, secretsOf(found))
    return found
  }

  const renew = async (scope: AccessScope, challenges: readonly Challenge[]): Promise<string | undefined> => {
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'))
    const found = await lookUp(scope.registry)
    const realm = bearer?.parameters.get('realm')
    if (bearer !== undefined && realm !== undefined) {
      const { token, lifetime } = await requestToken(transport, {
        realm,
        service: bearer.parameters.get('service'),
        scope: bearer.parameters.get('scope') ?? `repository:${scope.repository}:${scope.actions}`,
        registry: scope.registry,
        home: scope.home,
        credentials: found,
        account: describe(found).text,
        redact,
      })
      const authorization = `Bearer ${token}`
      grants.set(tokenKey(scope), { authorization, expires: Date.now() + lifetime - MARGIN })
      return authorization
    }
    const basic = challenges.some(({ scheme }) => scheme === 'basic')
    if (!basic || found === undefined || found.identityToken !== undefined) return undefined
    const authorization = basicAuthorization(found.username, found.password)
    grants.set(scope.registry, { authorization, expires: Number.POSITIVE_INFINITY })
    return authorization
  }

  const current = (scope: AccessScope): string | undefined => {
    const grant = grants.get(tokenKey(scope)) ?? grants.get(scope.registry)
    return grant !== undefined && grant.expires > Date.now() ? grant.authorization : undefined
  }

  return {
    current,
    async answer(scope, challenge, rejected) {
      const known = current(scope)
      if (known !== undefined && known !== rejected) return known
      const key = tokenKey(scope)
      const underWay = pending.get(key)
      if (underWay !== undefined) return underWay
      const renewal = renew(scope, parseChallenges(challenge ?? '')).finally(() => pending.delete(key))
      pending.set(key, renewal)
      return renewal
    },
    account: (registry) => accounts.get(registry) ?? ANONYMOUS,
    redact,
  }
}

function tokenKey({ registry, repository, actions }: AccessScope): string {
  return `${registry} ${repository} ${actions}`
}

function describe(credentials: Credentials | undefined): Account {
  if (credentials === undefined) return ANONYMOUS
  const { username, identityToken } = credentials
  if (identityToken === undefined) return { text: `as user ${quote(username)}`, anonymous: false }
  return {
    text: username === '' ? 'with an identity token' : `with the identity token of user ${quote(username)}`,
    anonymous: false,
  }
}

function secretsOf(credentials: Credentials | undefined): string[] {
  if (credentials === undefined) return []
  const { username, password, identityToken = '' } = credentials
  return [identityToken, password, basicAuthorization(username, password).replace('Basic ', '')]
}
