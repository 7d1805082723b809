import { checkStoredName, HubError } from '@tf-images/hub'
import { PipelineError } from '../errors.ts'
import { stagingName } from './release-names.ts'

/** The hub loses longer names; what gets one was made under a staging name. */
const LONGEST_NAME = 236

/**
 * Checks the names of a publication before anything is asked or written: a link that the hub refuses would only be met when
 * the flist is there. Tells all problems at once.
 *
 * @param name the immutable name
 * @param links the names users follow
 * @throws PipelineError 'name-refused'
 */
export function checkPublishedNames(name: string, links: readonly string[]): void {
  const names = new Set([name, ...links])
  const twice = links.filter((link, index) => links.indexOf(link) < index)
  refuse([
    ...[...names].flatMap(nameProblem),
    ...(links.includes(name) ? [`flist name "${name}": is that of a link, too; give the flist a name of its own`] : []),
    ...[...new Set(twice)].map((link) => `link "${link}": is given more than once; leave the others out`),
  ])
}

/** Checks the name of a link that is to be made or moved. @throws PipelineError 'name-refused' */
export function checkLinkName(link: string): void {
  refuse(nameProblem(link))
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new PipelineError('name-refused', problems.join('\n'))
}

function nameProblem(name: string): string[] {
  try {
    checkStoredName(name)
  } catch (error) {
    if (error instanceof HubError) return [error.message]
    throw error
  }
  const longest = LONGEST_NAME - (stagingName(name, 'upload').length - name.length)
  if (name.length <= longest) return []
  return [`flist name "${name}": has ${name.length} characters; use at most ${longest}`]
}
