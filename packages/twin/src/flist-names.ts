/** Longest name without `.flist` that the hub stores; of a longer one it says "success" and stores nothing. */
const LONGEST_STEM = 236

/** The file of a flist: `.flist` is appended when it is missing. */
export function flistFileName(name: string): string {
  return name.endsWith('.flist') ? name : `${name}.flist`
}

/**
 * The name that the hub stores for an upload. The header `X-Original-Name` wins, and of it only the last path component is
 * taken, as it is; without the header it is the multipart file name, made safe. One `.tar.gz` at the end is cut.
 */
export function uploadedFileName(multipartName: string, originalName: string | undefined): string {
  const name = originalName === undefined ? secureFileName(multipartName) : lastComponent(originalName)
  return flistFileName(name.endsWith('.tar.gz') ? name.slice(0, -'.tar.gz'.length) : name)
}

/** Whether the hub loses a flist of this name, its old content staying as it was. */
export function isLostName(fileName: string): boolean {
  return Buffer.byteLength(fileName) - '.flist'.length > LONGEST_STEM
}

/** Follows Werkzeug's `secure_filename`: ASCII letters, digits, `_.-`; blanks become `_`; no dot or `_` at the ends. */
export function secureFileName(name: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/[^\p{ASCII}]/gu, '')
    .replaceAll('/', ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
  return words
    .join('_')
    .replace(/[^A-Za-z0-9_.-]/g, '')
    .replace(/^[._]+|[._]+$/g, '')
}

/** Python's `basename`: what follows the last slash, so that `a/` gives an empty name (Node's would give `a`). */
function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
