import {
  type ChunkList,
  clampTime,
  type DirectoryNode,
  joinPath,
  type Node,
  walkNodes,
  walkParts,
} from '@tf-images/flist'
import { readFileCapabilities } from './file-capabilities.ts'
import type { FindingCollector } from './findings.ts'

type TreeNode = Node<ChunkList>

/** The reference cuts paths there in its JSON, and its `stat` ends with a crash (zflist 2.3.0). */
export const JSON_PATH_BYTES = 2047
/** Largest id of a usual range of subordinate ids; 65534 is nobody. */
export const USUAL_OWNER = 65534
/** What C code has for "no id". */
const UNKNOWN_OWNER = 0xffffffff

/** Adds everything of a tree that a flist does not hold, holds otherwise, or that the known consumers do not show. */
export function addTreeFindings(root: DirectoryNode<ChunkList>, findings: FindingCollector): void {
  const seen = new Set<TreeNode>()
  const linked = new Set<TreeNode>()
  for (const { path, node } of walkNotable(root)) {
    addNameFindings(path, findings)
    if (seen.has(node)) {
      linked.add(node)
      continue
    }
    if (node.type !== 'directory') seen.add(node)
    addXattrFindings(path, node, findings)
    addTimeFindings(path, node, findings)
    addModeFindings(path, node, findings)
    addOwnerFindings(path, node, findings)
    addSpecialFindings(path, node, findings)
  }
  if (linked.size > 0) addLinkFindings(root, linked, findings)
}

/** All nodes but those of kept directories of which there is nothing to say. */
function* walkNotable(root: DirectoryNode<ChunkList>): Generator<{ path: string; node: TreeNode }> {
  for (const part of walkParts(root)) {
    if (!part.kept) yield part
    else if (part.kept.lost)
      for (const { path, node } of walkNodes(part.kept.lost)) {
        yield { path: path === '' ? part.path : joinPath(part.path, path), node }
      }
  }
}

const SHOWN_NAMES = 3

/** One finding for each group; the names are collected in a second walk, since few files of many have more than one. */
function addLinkFindings(
  root: DirectoryNode<ChunkList>,
  linked: ReadonlySet<TreeNode>,
  findings: FindingCollector,
): void {
  const groups = new Map<TreeNode, { readonly first: string; readonly others: string[]; count: number }>()
  for (const { path, node } of walkNotable(root)) {
    if (!linked.has(node)) continue
    const group = groups.get(node)
    if (!group) groups.set(node, { first: path, others: [], count: 1 })
    else if (++group.count <= SHOWN_NAMES + 1) group.others.push(quote(path))
  }
  for (const { first, others, count } of groups.values()) {
    findings.addPath('hard-link', first, () => {
      const more = count - 1 > others.length ? ` and ${count - 1 - others.length} more` : ''
      return `is one file with ${others.join(', ')}${more}: each becomes its own, a write to one is not seen in the others`
    })
  }
}

function addNameFindings(path: string, findings: FindingCollector): void {
  const slash = path.lastIndexOf('/')
  if (!isUtf8(path.slice(slash + 1))) {
    const parent = path.slice(0, Math.max(slash, 0))
    findings.addPath('name-not-utf8', path, () => `rfs cannot read the directory ${quote(parent)}, with all in it`)
  }
  if (path.length > JSON_PATH_BYTES) {
    findings.addPath('long-path', path, () => `is ${path.length} bytes long: zflist cuts it in its JSON at 2047`)
  }
}

function isUtf8(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the fast way out
  if (/^[\x00-\x7f]*$/.test(name)) return true
  const bytes = Buffer.from(name, 'latin1')
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)
}

/** As the kernel names them, and as archives do that have them as text. */
const aclNames = /^(system\.posix_acl_|system\.nfs4_acl|system\.richacl|SCHILY\.acl\.)/

function addXattrFindings(path: string, node: TreeNode, findings: FindingCollector): void {
  for (const [name, value] of node.xattrs ?? []) {
    if (name === 'security.capability') {
      findings.addPath('file-capabilities', path, () => capabilityConsequence(path, value))
    } else if (aclNames.test(name)) {
      const kind = name.endsWith('default') ? 'default ACL' : 'ACL'
      const mode = (node.mode & 0o7777).toString(8).padStart(4, '0')
      findings.addPath('acl', path, () => `loses its ${kind}: only mode ${mode} decides who may use it`)
    } else {
      findings.addPath('xattr', path, () => `loses ${text(name)} (${value.length} bytes)`)
    }
  }
}

function capabilityConsequence(path: string, value: Uint8Array): string {
  const capabilities = readFileCapabilities(value)
  const program = text(path.slice(path.lastIndexOf('/') + 1))
  if (!capabilities) return `loses security.capability, ${value.length} bytes that are no set of capabilities`
  if (capabilities.text === '=') return 'loses its empty set of capabilities'
  const scope = capabilities.rootId === undefined ? '' : ` (in user namespaces of root ${capabilities.rootId})`
  return `loses ${capabilities.text}${scope}: ${program} needs root`
}

function addTimeFindings(path: string, { mtime, mtimeNanos }: TreeNode, findings: FindingCollector): void {
  if (mtimeNanos) findings.addPath('sub-second-time', path, () => `loses ${mtimeNanos} ns of its time`)
  const kept = clampTime(mtime)
  if (kept !== mtime) {
    findings.addPath('time-out-of-range', path, () => `shows ${timeText(kept)} instead of ${timeText(mtime)}`)
  }
}

function timeText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString().replace('.000', '')
}

function addModeFindings(path: string, node: TreeNode, findings: FindingCollector): void {
  if (node.type === 'symlink') return
  const mode = (node.mode & 0o7777).toString(8)
  if (node.mode & 0o6000) {
    findings.addPath('setuid-setgid', path, () => {
      const effect =
        node.type === 'directory' ? 'new files in it get their maker’s group' : 'it runs with the rights of its caller'
      return `has mode ${mode}, of which 0-fs and rfs show ${(node.mode & 0o777).toString(8)}: ${effect}`
    })
  }
  if (node.mode & 0o1000) {
    findings.addPath('sticky', path, () => {
      const effect = node.type === 'directory' ? ': who may write to it may delete files of others' : ''
      return `has mode ${mode}, of which 0-fs and rfs show ${(node.mode & 0o777).toString(8)}${effect}`
    })
  }
}

function addOwnerFindings(path: string, { uid, gid }: TreeNode, findings: FindingCollector): void {
  const owner = `belongs to ${uid}:${gid}`
  if (uid === UNKNOWN_OWNER || gid === UNKNOWN_OWNER) {
    findings.addPath('owner-unknown', path, () => `${owner}: 0-fs gives ${UNKNOWN_OWNER} to 1000`)
  } else if (uid > USUAL_OWNER || gid > USUAL_OWNER) {
    findings.addPath('large-owner', path, () => `${owner}: in a user namespace of 65536 ids it is nobody’s`)
  }
}

function addSpecialFindings(path: string, node: TreeNode, findings: FindingCollector): void {
  switch (node.type) {
    case 'character':
    case 'block': {
      const { type, major, minor } = node
      const isWhiteout = type === 'character' && major === 0 && minor === 0
      findings.addPath('device', path, () => {
        const effect = isWhiteout ? '; overlay file systems take it for a deleted file' : ''
        return `is the ${type} device ${major},${minor}: rfs leaves it out${effect}`
      })
      break
    }
    case 'fifo':
      findings.addPath('fifo', path, () => 'is a named pipe: rfs leaves it out')
      break
    case 'socket':
      findings.addPath('socket', path, () => 'is a socket nobody listens on: rfs leaves it out')
  }
}

/** A path (byte string) in quotes for people. */
function quote(path: string): string {
  return JSON.stringify(`/${text(path)}`)
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
