import { type Flist, FlistError, type FlistNode } from '@tf-images/flist'
import { toText } from './context.ts'

/** As many links on one path as Linux follows (path_resolution(7)). */
const mostLinks = 40

/**
 * The entry a path leads to when symbolic links are followed, the last one too, inside the flist: absolute targets and `..`
 * count from its root, as in a chroot.
 *
 * @throws FlistError 'not-found' naming what is missing
 */
export function resolvePath(flist: Flist, path: string): { readonly path: string; readonly node: FlistNode } {
  const rest = partsOf(path)
  const done: string[] = []
  let links = 0
  while (rest.length > 0) {
    const part = rest.shift()
    if (part === undefined) break
    if (part === '..') {
      done.pop()
      continue
    }
    const here = [...done, part].join('/')
    const node = flist.lookup(here)
    if (!node) throw notFound(flist, path, here)
    if (node.type !== 'symlink') {
      done.push(part)
      continue
    }
    links += 1
    if (links > mostLinks)
      throw new FlistError('not-found', `${flist.path}: "/${toText(path)}" leads through a circle of links`)
    if (node.target.startsWith('/')) done.length = 0
    rest.unshift(...partsOf(node.target))
  }
  const found = done.join('/')
  const node = flist.lookup(found)
  if (!node) throw notFound(flist, path, found)
  return { path: found, node }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function notFound(flist: Flist, asked: string, missing: string): FlistError {
  const via = missing === asked ? '' : `, which "/${toText(asked)}" leads to`
  const parent = missing.includes('/') ? missing.slice(0, missing.lastIndexOf('/')) : ''
  const text = `${flist.path}: there is no "/${toText(missing)}"${via}; see what there is with: flist ls <flist> /${toText(parent)}`
  return new FlistError('not-found', text)
}
