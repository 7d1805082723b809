import { isUtf8 } from 'node:buffer'
import { createTwoFilesPatch } from 'diff'
import type { FoundFile } from './context-folder.ts'
import type { Drift } from './contexts.ts'
import type { ContextFile } from './render.ts'

type Change = Omit<Drift, 'image'>

const EMPTY = Buffer.alloc(0)

/** What would have to change for the files found in a context folder to become the rendered ones, by path. */
export function contextChanges(
  folder: string,
  found: ReadonlyMap<string, FoundFile>,
  rendered: ReadonlyMap<string, ContextFile>,
): Change[] {
  const paths = [...new Set([...found.keys(), ...rendered.keys()])].sort()
  return paths.flatMap((path) => fileChanges(`${folder}/${path}`, found.get(path), rendered.get(path)))
}

function fileChanges(path: string, found: FoundFile | undefined, rendered: ContextFile | undefined): Change[] {
  if (rendered === undefined) return [{ path, kind: 'extra', diff: patch(path, contentOf(found), undefined) }]
  if (found === undefined) return [{ path, kind: 'missing', diff: patch(path, undefined, rendered.content) }]
  if (typeof found === 'string') return [{ path, kind: 'changed', diff: `${path}: ${found}\n` }]
  if (!found.content.equals(rendered.content)) {
    return [{ path, kind: 'changed', diff: patch(path, found.content, rendered.content) }]
  }
  const executable = rendered.mode === 0o755
  if (found.executable === executable) return []
  const [before, after] = executable ? ['100644', '100755'] : ['100755', '100644']
  return [{ path, kind: 'mode', diff: `diff --git a/${path} b/${path}\nold mode ${before}\nnew mode ${after}\n` }]
}

function contentOf(found: FoundFile | undefined): Buffer {
  return found === undefined || typeof found === 'string' ? EMPTY : found.content
}

function patch(path: string, before: Buffer | undefined, after: Buffer | undefined): string {
  const from = before === undefined ? '/dev/null' : `a/${path}`
  const to = after === undefined ? '/dev/null' : `b/${path}`
  const isText = [before, after].every((content) => content === undefined || isTextContent(content))
  if (!isText) return `Binary files ${from} and ${to} differ\n`
  const options = { headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true } }
  return createTwoFilesPatch(from, to, (before ?? EMPTY).toString(), (after ?? EMPTY).toString(), '', '', options)
}

function isTextContent(content: Buffer): boolean {
  return isUtf8(content) && !content.includes(0)
}
