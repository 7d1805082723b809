import { HubError } from './errors.ts'

/** Longer names are answered with "success" and not stored. */
const LONGEST_NAME = 236

/**
 * Checks that the hub stores a flist under exactly this name. It cuts paths, a `.tar.gz` and long names, appends `.flist`,
 * and in other places reads what is not ASCII differently; what passes here goes through all of that unchanged.
 *
 * @throws HubError `name-refused`
 */
export function checkStoredName(name: string): void {
  const shown = JSON.stringify(name)
  if (!name.endsWith('.flist')) {
    throw new HubError('name-refused', `flist name ${shown}: does not end in ".flist"; append it`)
  }
  if (!/^[A-Za-z0-9._-]+$/.test(name) || name.startsWith('.')) {
    throw new HubError(
      'name-refused',
      `flist name ${shown}: the hub would change it; use only A-Z a-z 0-9 . _ - and no dot at the start`,
    )
  }
  if (name.length > LONGEST_NAME) {
    throw new HubError(
      'name-refused',
      `flist name ${shown}: ${name.length} characters; the hub loses names of more than ${LONGEST_NAME}, shorten it`,
    )
  }
}

/** A flist's name as the hub completes it when it looks one up. */
export function withExtension(name: string): string {
  return name.endsWith('.flist') ? name : `${name}.flist`
}

/**
 * Encodes a name for one component of a URL's path.
 *
 * @throws HubError `name-refused` for names that no component can hold: the hub splits even an encoded slash, and `.` and
 * `..` would lead elsewhere
 */
export function pathComponent(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || !name.isWellFormed()) {
    throw new HubError('name-refused', `name ${JSON.stringify(name)}: can not be part of a hub's URL; use a plain name`)
  }
  return encodeURIComponent(name)
}
