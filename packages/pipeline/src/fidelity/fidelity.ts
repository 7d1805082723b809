import type { ChunkFormat, ChunkList } from '@tf-images/flist'
import type { DirectoryNode } from '@tf-images/rootfs'
import { PipelineError } from '../errors.ts'
import type { Source } from '../source.ts'
import { classesNotOfFl, type FidelityClass } from './classes.ts'
import { type ConfigMapping, mapConfig } from './config-fidelity.ts'
import { findingLine } from './fidelity-text.ts'
import { collectFindings, type FidelityFinding } from './findings.ts'
import { addTreeFindings } from './tree-fidelity.ts'

/** What a flist does not hold of its source, or holds otherwise. Plain data, ready for JSON. */
export type Fidelity = {
  /** One for each class that is there, the worst first */
  readonly findings: readonly FidelityFinding[]
  /** Where each field of the image config went; empty for a source without one */
  readonly config: readonly ConfigMapping[]
}

/**
 * Compares a source with what a flist can hold of it.
 *
 * @param root the tree as it was read
 * @param format of the chunks, which tells the formats of flists apart
 * @param oversizedDirectories byte-string paths, from the summary of the writer; a `.fl` has none
 */
export function describeFidelity(
  source: Source,
  root: DirectoryNode<ChunkList>,
  format: ChunkFormat,
  oversizedDirectories: readonly string[] = [],
): Fidelity {
  const findings = collectFindings({ without: format.name === 'fl' ? classesNotOfFl : new Set() })
  addTreeFindings(root, findings)
  for (const path of oversizedDirectories) {
    findings.addPath('large-directory', path, () => 'has a record over 4 MiB: zflist cannot rewrite this flist')
  }
  if (source.kind === 'directory') {
    const consequence = 'was read without extended attributes; where they matter convert a tar made with tar --xattrs'
    findings.addPath('xattrs-not-read', '', () => consequence)
  }
  if (source.kind !== 'image') return { findings: findings.finish(), config: [] }
  const { config, otherConfigFields = [] } = source.image.config
  const mappings = mapConfig(config, otherConfigFields, findings)
  return { findings: findings.finish(), config: mappings }
}

/**
 * Refuses a conversion that has findings of certain classes.
 *
 * @throws PipelineError 'not-faithful', with the whole report in `fidelity`
 */
export function requireFidelity(title: string, fidelity: Fidelity, classes: ReadonlySet<FidelityClass>): void {
  const refused = fidelity.findings.filter((finding) => classes.has(finding.class))
  if (refused.length === 0) return
  const lines = refused.map((finding) => `\n  ${findingLine(finding)}`)
  const names = refused.map((finding) => finding.class).join(', ')
  throw new PipelineError(
    'not-faithful',
    `${title}: a flist does not hold all of it; nothing was written: change the image, or leave out of --strict: ${names}${lines.join('')}`,
    { fidelity },
  )
}
