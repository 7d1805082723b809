import type { AccessScope } from './authenticator.ts'
import type { Descriptor } from './descriptor.ts'
import { foreignLayerError } from './foreign-layer.ts'
import { networkError } from './network-error.ts'
import { quote } from './quoted-text.ts'
import { RegistryError } from './registry-error.ts'
import type { BlobPart } from './resumed-blob.ts'
import type { Session } from './session.ts'
import type { TransportAnswer } from './transport.ts'

/** A blob of a registry, to be opened at any offset. */
export type BlobOpener = {
  readonly open: (offset: number) => Promise<BlobPart>
  /** The error of a body that broke after `offset` bytes of the blob. */
  readonly broken: (error: unknown, offset: number) => RegistryError
}

/** Requests for a blob and, from an offset on, for its rest. Source: distribution-spec, "Pulling blobs"; RFC 9110, 14. */
export function openBlob(
  session: Session,
  scope: AccessScope,
  descriptor: Descriptor,
  subject: string,
  signal: AbortSignal | undefined,
): BlobOpener {
  let { origin } = scope.home
  return {
    async open(offset) {
      const headers = offset === 0 ? {} : { range: `bytes=${offset}-` }
      const path = `blobs/${descriptor.digest}`
      const answer = await session
        .open({ scope, method: 'GET', path, subject, headers, signal })
        .catch((error: unknown) => {
          throw foreignLayerError('the registry', descriptor, subject, error)
        })
      origin = answer.origin
      return { start: startOf(answer, offset, subject), body: answer.body }
    },
    broken: (error, offset) => networkError(error, subject, origin, signal, { offset }),
  }
}

function startOf(answer: TransportAnswer, offset: number, subject: string): number {
  if (answer.status !== 206) return 0
  const range = answer.headers['content-range'] ?? ''
  const start = /^bytes ([0-9]{1,15})-/.exec(range)?.[1]
  if (Number(start) === offset) return offset
  answer.body.on('error', () => {}).destroy()
  throw new RegistryError(
    'server',
    `${subject}: asked ${answer.origin} for the bytes from ${offset} on, it sent ${quote(range)}; try again`,
  )
}
