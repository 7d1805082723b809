import { HubError } from './errors.ts'
import { HubClient } from './hub-client.ts'

/**
 * The bytes of a flist at an address such as `https://hub.grid.tf/tf-official-apps/nginx.flist`, links followed and compared
 * with the hub's md5. Needs no token.
 *
 * @throws HubError `bad-options` for an address that is none of a flist; else as {@link HubClient.download}
 */
export async function* downloadFlist(
  address: string,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  const parts = /^(https?:\/\/[^?#]+)\/([^/?#]+)\/([^/?#]+)$/.exec(address)
  const [, url = '', user = '', name = ''] = parts ?? []
  if (!parts) {
    throw new HubError(
      'bad-options',
      `"${address}": not the address of a flist; it is like https://hub.grid.tf/user/name.flist`,
    )
  }
  const hub = new HubClient({ url })
  try {
    yield* hub.download(decodeURIComponent(user), decodeURIComponent(name), options)
  } finally {
    await hub.close()
  }
}
