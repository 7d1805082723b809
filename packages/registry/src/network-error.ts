import { PrivateAddressError } from './addresses.ts'
import { quote } from './quoted-text.ts'
import { RegistryError, type RegistryErrorFields } from './registry-error.ts'

const NOT_HTTP = 'it does not speak plain HTTP there; check the port and the list of insecure registries'

/**
 * A failed connection as this package's error: `redirect-refused` when the guard of {@link PrivateAddressError} ended it,
 * `network` otherwise. An aborted call throws the signal's reason instead.
 *
 * @param subject what was being fetched, for the text
 * @param origin scheme and host of the server; never a full URL, whose query may hold a signature
 */
export function networkError(
  error: unknown,
  subject: string,
  origin: string,
  signal: AbortSignal | undefined,
  fields: RegistryErrorFields = {},
): RegistryError {
  signal?.throwIfAborted()
  if (error instanceof RegistryError) return error
  if (error instanceof PrivateAddressError) {
    return new RegistryError(
      'redirect-refused',
      `${subject}: the registry sends us to ${origin}, which is in a private network (${error.message}); set allowPrivateRedirects if that is meant`,
      { ...fields, cause: error },
    )
  }
  const code = codeOf(error)
  const isParserError = error instanceof Error && error.name === 'HTTPParserError'
  const where =
    fields.offset === undefined
      ? `the connection to ${origin} failed`
      : `the connection to ${origin} was cut at byte ${fields.offset}`
  return new RegistryError(
    'network',
    `${subject}: ${where} (${quote(code)}); ${isParserError ? NOT_HTTP : remedy(code)}`,
    {
      ...fields,
      cause: error,
    },
  )
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function remedy(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'check the host name and the DNS of this machine'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return 'it does not speak TLS there; if it is meant to speak plain HTTP, list it as insecure'
  }
  if (/CERT|VERIFY_LEAF|ISSUER/.test(code))
    return 'its certificate is not trusted here; add its authority (NODE_EXTRA_CA_CERTS)'
  return 'check that it runs and can be reached from here, then try again'
}
