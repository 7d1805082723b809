import { CommanderError } from 'commander'

/** What the exit status says; documented in `flist --help`. */
export const exitCodes = {
  done: 0,
  /** Something failed on the way: engine, registry, hub, disk. */
  failed: 1,
  /** The command or the recipes are wrong; nothing was done. */
  badInput: 2,
  /** A comparison found a difference: with what was asked for, with one of the classes of `--strict`, with the boot contract. */
  different: 3,
  interrupted: 130,
} as const

/** A command that ran well and found what it was to look for; carries what to print. */
export class Difference extends Error {
  override readonly name = 'Difference'
}

const badInputCodes = new Set([
  'bad-settings',
  'bad-definition',
  'bad-source',
  'image-raw',
  'disk-image',
  'bad-reference',
  'bad-options',
  'invalid-options',
  'name-refused',
  'not-locked',
])

const differenceCodes = new Set(['not-faithful', 'not-bootable'])

/** The exit status for an error that reached the entry. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Difference) return exitCodes.different
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.badInput
  if (!(error instanceof Error)) return exitCodes.failed
  if (error.name === 'AbortError') return exitCodes.interrupted
  if (error.name === 'RecipeError') return exitCodes.badInput
  if ('code' in error && differenceCodes.has(String(error.code))) return exitCodes.different
  return 'code' in error && badInputCodes.has(String(error.code)) ? exitCodes.badInput : exitCodes.failed
}
