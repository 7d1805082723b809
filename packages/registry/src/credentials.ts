/** How to log in to a registry. */
export type Credentials = {
  readonly username: string
  readonly password: string
  /** A refresh token, as Azure gives and Docker keeps as `identitytoken`; used instead of the password */
  readonly identityToken?: string
}

/** Finds the credentials of a registry (its host as in references, e.g. `docker.io`); `undefined` means anonymous. */
export type CredentialsLookup = (registry: string) => Promise<Credentials | undefined>

/** `Authorization: Basic` of RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
