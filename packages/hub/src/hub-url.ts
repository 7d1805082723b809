import { HubError } from './errors.ts'

/**
 * Reads a hub's URL, with or without a path and a slash at its end.
 *
 * @returns the URL without the slash, ready to append `/api/…` to
 * @throws HubError `bad-options`
 */
export function parseHubUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new HubError(
      'bad-options',
      `hub URL ${JSON.stringify(text.replace(/\/\/.*@/, '//***@'))}: not an http or https URL; use one like "https://hub.grid.tf"`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new HubError(
      'bad-options',
      `hub URL of ${url.host}: holds credentials; leave them out, the token is given apart`,
    )
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/**
 * Checks what will be the header `Authorization`. Blanks at the ends, as they come with a token from a file, are cut.
 *
 * @throws HubError `bad-options`, without the token
 */
export function parseToken(text: string): string {
  const token = text.trim()
  if (token === '')
    throw new HubError('bad-options', 'hub token: is empty; set the token that the hub shows after login')
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new HubError('bad-options', 'hub token: holds blanks or characters that no token has; copy it again')
  }
  return token
}
