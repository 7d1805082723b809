import { checkStoredName, HubError } from '@tf-images/hub'
import { PipelineError } from '../errors.ts'
import { stagingName } from './release-names.ts'

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
  const problems = [...names].flatMap(nameProblem)
  for (const each of names) {
    if (each === name && links.includes(name)) {
      problems.push(`flist name "${name}": is to be flist and link at once; give the flist a name of its own`)
    } else if (links.indexOf(each) !== links.lastIndexOf(each)) {
      problems.push(`link "${each}": is given twice; leave one out`)
    }
  }
  if (problems.length > 0) throw new PipelineError('name-refused', problems.join('\n'))
}

function nameProblem(name: string): string[] {
  try {
    checkStoredName(name)
  } catch (error) {
    if (error instanceof HubError) return [error.message]
    throw error
  }
  const over = stagingName(name, 'upload').length - LONGEST_NAME
  return over > 0 ? [`flist name "${name}": is ${over} characters too long to be published in steps; shorten it`] : []
}

/** The hub loses longer ones, and what is made under a staging name gets its own by a rename. */
const LONGEST_NAME = 236
