import { PipelineError } from '../errors.ts'
import type { FlistContent } from './flist-content.ts'

/**
 * Compares a flist that a hub made from an archive with the one the archive was made from: how many entries of each kind,
 * the bytes in them, and the chunks, whose ids are hashes of the content. The tree hashes differ: a hub takes the root's owner and
 * times from elsewhere, and loses which device a device was.
 *
 * @throws PipelineError 'not-published'
 */
export function compareArchived(sent: FlistContent, made: FlistContent, name: string): void {
  const problems = archiveProblems(sent, made)
  if (problems.length === 0) return
  throw new PipelineError(
    'not-published',
    `"${name}": the hub made another tree of the archive (${problems.join(', ')}); publish by the native route`,
  )
}

/** What {@link compareArchived} finds; empty when a hub may have made the one of an archive of the other. */
export function archiveProblems(sent: FlistContent, made: FlistContent): string[] {
  const counted = (content: FlistContent): [string, number][] => [
    ['files', content.summary.files],
    ['directories', content.summary.directories],
    ['links', content.summary.symlinks],
    ['bytes', content.summary.bytes],
    ['chunks', content.summary.chunks],
  ]
  const actual = new Map(counted(made))
  const problems = counted(sent)
    .filter(([what, count]) => actual.get(what) !== count)
    .map(([what, count]) => `${actual.get(what)} ${what} of ${count}`)
  const lost = [...sent.chunks.keys()].filter((id) => !made.chunks.has(id)).length
  if (lost > 0) problems.push(`${lost} chunks are others`)
  return problems
}
