import { CHUNK_SIZE } from '../codec/chunk.ts'
import type { ChunkFormat } from '../codec/chunk-format.ts'
import { FlistError } from '../errors.ts'
import { isPathText, MAX_PATH_BYTES, nameProblem, quotePath } from '../format/names.ts'
import {
  type ChunkList,
  type DirectoryNode,
  type FileNode,
  joinPath,
  type Node,
  type TreePart,
  walkNodes,
  walkParts,
} from '../tree.ts'
import { createTreeSummariser, type TreeSummary } from '../tree-summary.ts'

/** Problems spelled out in the error; more are only counted. */
const SHOWN_PROBLEMS = 20

const MAX_ID = 0xffffffff

/**
 * Refuses a tree that a flist cannot hold, before anything is written: names and paths, modes, owners, times, sizes that
 * do not fit their chunks, empty link targets. Throws `invalid` with all problems.
 */
export function checkTree(root: DirectoryNode<ChunkList>, format: ChunkFormat): void {
  checkNodes(walkParts(root), format, () => {})
}

/** Refuses a node for which `checkTree` refuses a tree, and the names of what is in it, but no more of that. Throws `invalid` with a problem. */
export function requireValidNode(path: string, node: Node<ChunkList>, format: ChunkFormat): void {
  checkNode(path, node, format, refuse)
}

function refuse(path: string, problem: string): never {
  throw invalidTree(`${quotePath(path)} ${problem}`)
}

function invalidTree(problems: string): FlistError {
  return new FlistError('invalid', `tree for a flist: ${problems}`)
}

/** Checks a tree as `checkTree` does, and summarises it. */
export function summariseTree(root: DirectoryNode<ChunkList>, format: ChunkFormat): TreeSummary {
  const summary = createTreeSummariser(format)
  checkNodes(walkNodes(root), format, summary.add)
  return summary.finish()
}

/** `visit` gets the nodes before the first problem. */
function checkNodes(
  parts: Iterable<TreePart<ChunkList>>,
  format: ChunkFormat,
  visit: (path: string, node: Node<ChunkList>) => void,
): void {
  const problems: string[] = []
  let count = 0
  const report = (path: string, problem: string) => {
    count++
    if (problems.length < SHOWN_PROBLEMS) problems.push(`${quotePath(path)} ${problem}`)
  }
  for (const { path, node, kept } of parts) {
    // What a flist had was checked for it.
    if (kept) continue
    checkNode(path, node, format, report)
    // Below a path that is too long there may be no end.
    if (path.length > MAX_PATH_BYTES) break
    if (count === 0) visit(path, node)
  }
  if (count === 0) return
  if (count > problems.length) problems.push(`and ${count - problems.length} more`)
  throw invalidTree(problems.join('; '))
}

type Report = (path: string, problem: string) => void

function checkNode(path: string, node: Node<ChunkList>, format: ChunkFormat, report: Report): void {
  const { mode, uid, gid, mtime } = node
  if (path.length > MAX_PATH_BYTES) report(path, `has a path of ${path.length} bytes, over ${MAX_PATH_BYTES}`)
  if (!isWhole(mode, 0o7777)) report(path, `has the mode ${mode}, not 0 to 07777`)
  if (!isWhole(uid, MAX_ID)) report(path, `has the owner ${uid}, not 0 to ${MAX_ID}`)
  if (!isWhole(gid, MAX_ID)) report(path, `has the group ${gid}, not 0 to ${MAX_ID}`)
  if (!Number.isSafeInteger(mtime)) report(path, `has the time ${mtime}, not whole seconds`)
  const problem = kindProblem(node, format)
  if (problem !== undefined) report(path, problem)
  if (node.type !== 'directory') return
  for (const name of node.children.keys()) {
    const problem = nameProblem(name)
    if (problem !== undefined) report(joinPath(path, name), problem)
  }
}

function kindProblem(node: Node<ChunkList>, format: ChunkFormat): string | undefined {
  switch (node.type) {
    case 'directory':
      return undefined
    case 'file':
      return contentProblem(node, format)
    case 'symlink':
      return node.target !== '' && isPathText(node.target) ? undefined : 'has a link target that is empty or no path'
    default: {
      const isNumbered = isWhole(node.major, MAX_ID) && isWhole(node.minor, MAX_ID)
      return isNumbered ? undefined : `has the device number ${node.major},${node.minor}`
    }
  }
}

function contentProblem({ size, content }: FileNode<ChunkList>, format: ChunkFormat): string | undefined {
  if (!isWhole(size, Number.MAX_SAFE_INTEGER)) return `has the size ${size}`
  if (content.length !== Math.ceil(size / CHUNK_SIZE) * format.entryBytes) {
    return `has ${size} bytes and ${content.length / format.entryBytes} chunks of ${CHUNK_SIZE}`
  }
  return hasAllIds(content, format) ? undefined : 'has a chunk that was not flushed'
}

/** Whether a chunk writer has filled in the ids of a file, which it does late, in place of zeros. */
export function hasAllIds(content: ChunkList, { idBytes, entryBytes }: ChunkFormat): boolean {
  for (let at = 0; at < content.length; at += entryBytes) {
    if (content[at] === 0 && content.subarray(at, at + idBytes).every((byte) => byte === 0)) return false
  }
  return true
}

function isWhole(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max
}
