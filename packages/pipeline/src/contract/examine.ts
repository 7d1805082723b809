import { type BootMode, type FixedFinding, fixDirectory, type LintReport, lintTree } from '@tf-images/vm'
import { PipelineError } from '../errors.ts'
import { type OpenTreeOptions, openTree } from './open-tree.ts'

export type ExamineOptions = OpenTreeOptions & {
  /** What it is to be started as. Default: what zos makes of it. */
  readonly expected?: BootMode
  /** Command of the deployment. Default: the one that the flist or the image names, for a container. */
  readonly entrypoint?: readonly string[]
  /** Host name of the machine that built it. */
  readonly buildHost?: string
  /** Fixes what is safe to fix, in a directory. */
  readonly fix?: boolean
}

export type Examination = LintReport & {
  /** What was fixed before the report was made. */
  readonly fixed: readonly FixedFinding[]
}

/**
 * Compares something that may become a Zmachine with what zos needs to start it.
 *
 * @throws PipelineError 'bad-source' for fixing what is no directory, and what {@link openTree} throws
 */
export async function examine(name: string, options: ExamineOptions = {}): Promise<Examination> {
  await using opened = await openTree(name, options)
  const { expected, buildHost, entrypoint, signal } = options
  const lintOptions = {
    imageEntrypoint: opened.entrypoint,
    ...(entrypoint ? { entrypoint } : {}),
    ...(opened.address === undefined ? {} : { address: opened.address }),
    ...(expected ? { expected } : {}),
    ...(buildHost === undefined ? {} : { buildHost }),
    ...(signal ? { signal } : {}),
  }
  if (!options.fix) return { ...(await lintTree(opened.tree, lintOptions)), fixed: [] }
  if (opened.directory === undefined) {
    const remedy = 'extract it, fix that and convert it again'
    throw new PipelineError('bad-source', `${name}: only a directory can be fixed; ${remedy}`)
  }
  const { fixed, report } = await fixDirectory(opened.directory, lintOptions)
  return { ...report, fixed }
}
