import { createHash } from 'node:crypto'
import type { ContextFile, RenderedImage } from './render.ts'

/** The files of a rendered context in the order of their paths, as an engine takes them. */
export function contextFiles(image: RenderedImage): (ContextFile & { readonly path: string })[] {
  return [...image.files].map(([path, file]) => ({ path, ...file })).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** SHA-256, in hex, over the paths, modes and contents of a rendered context: equal if and only if the contexts are. */
export function contextHash(image: RenderedImage): string {
  const hash = createHash('sha256')
  for (const { path, mode, content } of contextFiles(image)) {
    hash.update(JSON.stringify([path, mode, content.length]))
    hash.update(content)
  }
  return hash.digest('hex')
}
