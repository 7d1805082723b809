import { type Html, html } from './html.ts'

/** Characters that would change how the rest of a line is shown, or not show at all. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

/** A name for people, kept apart from the direction of the text around it. What can not be seen is written as its number. */
export function shownName(name: string): Html {
  const text = name.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
  return html`<bdi>${text}</bdi>`
}

/** A byte string as text; bytes that are not UTF-8 become the replacement character. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}

/** The bytes of a name in a URL's path or query. */
export function encodeBytes(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9._~/-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** A text in a URL's path: its UTF-8 bytes, and no slash of its own. */
export function encodeName(name: string): string {
  return encodeBytes(Buffer.from(name).toString('latin1')).replaceAll('/', '%2f')
}

/** `1.25 MiB` */
export function shownSize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let size = bytes
  let unit = 0
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024
  return unit === 0 ? `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}` : `${size.toFixed(size < 10 ? 2 : 1)} ${units[unit]}`
}

/** `12,345` */
export function shownCount(count: number): string {
  return count.toLocaleString('en')
}

/** A time in UTC; seconds since epoch. A time that no calendar has is shown as its number. */
export function shownTime(seconds: number): Html {
  const time = new Date(seconds * 1000)
  if (Number.isNaN(time.getTime())) return html`${seconds}`
  const text = time.toISOString().replace(/\.\d+Z$/, 'Z')
  return html`<time datetime="${text}">${text.replace('T', ' ').replace('Z', '')}</time>`
}

const TYPE_LETTERS = { regular: '-', directory: 'd', symlink: 'l', special: 's' } as const

/** `drwxr-xr-x`, as ls writes it. */
export function shownMode(type: keyof typeof TYPE_LETTERS, mode: number): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = mode >> shift
    const execute = special ? (bits & 1 ? letter : letter.toUpperCase()) : bits & 1 ? 'x' : '-'
    return (bits & 4 ? 'r' : '-') + (bits & 2 ? 'w' : '-') + execute
  }
  const user = triple(6, (mode & 0o4000) !== 0, 's')
  const group = triple(3, (mode & 0o2000) !== 0, 's')
  return TYPE_LETTERS[type] + user + group + triple(0, (mode & 0o1000) !== 0, 't')
}
