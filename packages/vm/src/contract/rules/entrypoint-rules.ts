import { isElf, machineName, readElf } from '../../kernel/elf.ts'
import { createFinding, type Finding, shown } from '../finding.ts'
import { resolvePath } from '../path-resolution.ts'
import type { RuleSubject } from '../rule.ts'
import { existing, readText } from './tree-text.ts'

/** Bytes of a program that its headers are in. */
const headBytes = 64 << 10

/** What a container starts with, as cloud-container's initial RAM disk tests and starts it. */
export async function* containerEntrypoint(subject: RuleSubject): AsyncGenerator<Finding> {
  const { tree, entrypoint, mode } = subject
  if (mode !== 'container') return
  const [program = '/sbin/init'] = entrypoint
  const path = program.replace(/^\/+/, '')
  if (/^entrypoint\s*=|^\[startup/m.test(await readText(tree, '.startup.toml')) && entrypoint.length === 0)
    yield createFinding('startup-toml', '.startup.toml', 'it has an entrypoint, and the deployment none')
  if (!program.startsWith('/')) return yield createFinding('entrypoint-relative', path, `it is ${shown(program)}`)
  const found = await resolvePath(tree, path, 'node')
  if (found.kind === 'absolute' || found.kind === 'escapes')
    return yield createFinding('entrypoint-absolute-link', path, `${shown(found.link)} → ${shown(found.target)}`)
  if (found.kind !== 'found' || found.entry.type !== 'file') {
    const evidence = found.kind === 'found' ? `it is a ${found.entry.type}` : 'nothing is there'
    return yield createFinding('entrypoint-missing', path, evidence)
  }
  if ((found.entry.mode & 0o111) === 0)
    yield createFinding('entrypoint-not-executable', found.path, `its mode is 0${found.entry.mode.toString(8)}`)
  yield* programFormat(subject, found.path)
}

async function* programFormat({ tree }: RuleSubject, path: string): AsyncGenerator<Finding> {
  const head = await tree.read(path, { offset: 0, length: headBytes })
  const text = Buffer.from(head.subarray(0, 256)).toString('latin1')
  const script = /^#![ \t]*(\S+)/.exec(text)?.[1]
  if (script === undefined && !isElf(head)) {
    const begin = Buffer.from(head.subarray(0, 4)).toString('hex')
    return yield createFinding('entrypoint-format', path, head.length === 0 ? 'it is empty' : `it begins with ${begin}`)
  }
  const machine = readElf(head)?.machine ?? 62
  // i386 programs run on the nodes' processors, too.
  if (script === undefined && machine !== 62 && machine !== 3)
    return yield createFinding('entrypoint-architecture', path, `it is for ${machineName(machine)}`)
  const interpreter = script ?? elfInterpreter(head)
  if (interpreter !== undefined && (await existing(tree, [interpreter.replace(/^\/+/, '')])).length === 0)
    yield createFinding('entrypoint-interpreter', path, `it needs ${shown(interpreter)}`)
}

const interpreterSegment = 3

/** The dynamic linker a 64-bit program names. */
function elfInterpreter(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length)
  if (bytes.length < 64 || bytes[4] !== 2 || bytes[5] !== 1) return undefined
  const tableAt = Number(bytes.readBigUInt64LE(32))
  const size = bytes.readUInt16LE(54)
  for (let index = 0; index < bytes.readUInt16LE(56); index++) {
    const at = tableAt + index * size
    if (at + 56 > bytes.length) return undefined
    if (bytes.readUInt32LE(at) !== interpreterSegment) continue
    const begin = Number(bytes.readBigUInt64LE(at + 8))
    return bytes.toString('latin1', begin, begin + Number(bytes.readBigUInt64LE(at + 32))).replace(/\0.*$/s, '')
  }
  return undefined
}
