import { resolve } from 'node:path'
import { checkRoutes, type FlRoute } from '@tf-images/flist'
import { PipelineError } from '@tf-images/pipeline'

/** Formats a conversion can write: 0-flist, and the `.fl` of rfs. */
export const outputFormats = ['flist', 'fl'] as const

export type OutputFormat = (typeof outputFormats)[number]

/**
 * The format to write. A `.fl` is called so, as rfs tells formats apart by that; nothing else is.
 *
 * @throws PipelineError 'bad-settings' when what was asked for and the name do not fit
 */
export function chooseFormat(output: string, asked?: string): OutputFormat {
  const named: OutputFormat = output.endsWith('.fl') ? 'fl' : 'flist'
  if (asked === undefined || asked === named) return named
  const remedy = asked === 'fl' ? 'end its name in .fl' : 'end its name in .flist'
  throw new PipelineError(
    'bad-settings',
    `"${output}" is no name for the format ${asked}; ${remedy} or leave --format out`,
  )
}

/**
 * Where readers of a `.fl` find its chunks: at `backend`, else in the chunk store itself.
 *
 * @throws PipelineError 'bad-settings', FlistError 'invalid'
 */
export function routesOf(chunks: string, backend?: string): readonly FlRoute[] {
  const routes = [{ start: 0, end: 0xff, url: backend ?? storeUrl(chunks) }]
  checkRoutes(routes)
  return routes
}

function storeUrl(location: string): string {
  const [, scheme, path] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/i.exec(location) ?? []
  if (scheme !== undefined && scheme.toLowerCase() !== 'dir') return location
  const full = resolve(path ?? location)
  // rfs takes the path of the address as it stands there, escapes and all.
  if (new URL(`dir://${full}`).pathname === full) return `dir://${full}`
  throw new PipelineError(
    'bad-settings',
    `"${location}": rfs cannot read a directory of this name; use plain letters, or say with --backend where the chunks will be`,
  )
}
