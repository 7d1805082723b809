import { type TarPosition, tarError } from './error.ts'

const PREFIX = '.wh.'
const META_PREFIX = '.wh..wh.'
const OPAQUE = '.wh..wh..opq'

/**
 * Where aufs kept files with several names: `.wh..wh.plnk/` in the root of a layer. Hard links of the same layer point
 * into it, so its files are needed until the layer is applied; they are never in the tree.
 */
export const AUFS_LINKS = '.wh..wh.plnk'

/**
 * What the path of an entry in a layer means (OCI image-spec, layer.md, "Whiteouts"): an ordinary entry, the removal of
 * a path or of the content of a directory, or nothing: aufs metadata, which Docker ignores, too.
 *
 * @throws RootfsError `whiteout` for one that names nothing, `.` or `..`, and for entries below a whiteout
 */
export function classifyPath(
  path: string,
  isFile: boolean,
  at: TarPosition,
): { readonly type: 'entry' | 'whiteout' | 'opaque'; readonly path: string } | undefined {
  if (!path.includes(PREFIX)) return { type: 'entry', path }
  const components = path.split('/')
  const base = components.pop() ?? ''
  const parent = components.join('/')
  if (isFile && components.length === 1 && parent === AUFS_LINKS) return { type: 'entry', path }
  if (components.some((component) => component.startsWith(META_PREFIX))) return undefined
  if (components.some((component) => component.startsWith(PREFIX))) {
    throw tarError('whiteout', at, 'it lies below a whiteout, which is no directory; rebuild the image')
  }
  if (!base.startsWith(PREFIX)) return { type: 'entry', path }
  if (base === OPAQUE) return { type: 'opaque', path: parent }
  if (base.startsWith(META_PREFIX)) return undefined
  const name = base.slice(PREFIX.length)
  if (name === '' || name === '.' || name === '..') {
    throw tarError('whiteout', at, 'a whiteout must name what it removes; rebuild the image')
  }
  return { type: 'whiteout', path: parent === '' ? name : `${parent}/${name}` }
}
