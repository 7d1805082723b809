import { setOutput } from '@actions/core'
import type { ActionName, OutputOf } from './definitions/actions.ts'

/** Sets outputs of an action; those that action.yml does not have are no outputs. */
export function setOutputs<A extends ActionName>(
  _action: A,
  values: Partial<Record<OutputOf<A>, string | number>>,
): void {
  for (const [name, value] of Object.entries(values)) setOutput(name, String(value))
}
