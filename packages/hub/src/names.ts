import { HubError } from './errors.ts'

const EXTENSION = '.flist'
/** Longer names are answered with "success" and not stored. */
const LONGEST_NAME = 236
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/

/**
 * The name under which the hub stores an upload whose header `X-Original-Name` is this (it wins over the name in the form):
 * the last path component as it is, one `.tar.gz` cut, `.flist` appended. Read in 0-hub's `api_flist_upload`.
 */
export function storedName(header: string): string {
  // An HTTP header is read as latin-1, whatever was sent.
  const received = Buffer.from(header).toString('latin1').trim()
  const last = received.slice(received.lastIndexOf('/') + 1)
  return withExtension(last.endsWith('.tar.gz') ? last.slice(0, -'.tar.gz'.length) : last)
}

/**
 * Checks that the hub stores a flist under exactly this name: what it would store is computed and compared. Names that it
 * would store and that are trouble elsewhere (hidden ones, blanks) are refused too, and those so long that it loses them.
 *
 * @throws HubError `name-refused`
 */
export function checkStoredName(name: string): void {
  const refuse = (why: string): never => {
    throw new HubError('name-refused', `flist name ${JSON.stringify(name)}: ${why}`)
  }
  if (!name.endsWith(EXTENSION)) refuse(`does not end in "${EXTENSION}"; append it`)
  const stored = storedName(name)
  const rule = 'use only A-Z a-z 0-9 . _ - and no dot at the start'
  if (stored !== name) refuse(`the hub would change it to ${JSON.stringify(stored)}; ${rule}`)
  if (!PLAIN.test(name)) refuse(`the hub would change it in other places; ${rule}`)
  if (name.length > LONGEST_NAME) {
    refuse(`${name.length} characters; the hub loses names of more than ${LONGEST_NAME}, shorten it`)
  }
}

/**
 * Checks the name of a tag, or of a link to one: such names have no ending.
 *
 * @throws HubError `name-refused`
 */
export function checkTagName(name: string): void {
  const refuse = (why: string): never => {
    throw new HubError('name-refused', `tag name ${JSON.stringify(name)}: ${why}`)
  }
  if (!PLAIN.test(name)) refuse('is not plain; use only A-Z a-z 0-9 . _ - and no dot at the start')
  if (name.endsWith(EXTENSION)) refuse(`ends in "${EXTENSION}" as only flists do; leave that out`)
  if (name.length > LONGEST_NAME) refuse(`${name.length} characters; use at most ${LONGEST_NAME}`)
  // `/me/promote/crosstag/…` is read as a promotion.
  if (name === 'promote') refuse('is a word of the hub; choose another name')
}

/** The name a hub gives to the flist of a Docker image: `nginx` is `nginx-latest.flist` (0-hub, hub/docker.py). */
export function dockerFlistName(image: string): string {
  const tagged = image.includes(':') ? image : `${image}:latest`
  return withExtension(tagged.replaceAll(':', '-').replaceAll('/', '-'))
}

/** A flist's name as the hub completes it when it looks one up. */
export function withExtension(name: string): string {
  return name.endsWith(EXTENSION) ? name : `${name}${EXTENSION}`
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
