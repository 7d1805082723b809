import { applyLayers } from '../src/apply-layers.ts'
import type { DirectoryNode } from '../src/tree.ts'
import { type Fixtures, layer, show } from './layer-builder.ts'

/** The tree of some layers, called `layer 1` and so on. */
export async function apply(...layers: Fixtures[]): Promise<DirectoryNode<string>> {
  const read = await Promise.all(layers.map((fixtures, index) => layer(fixtures, `layer ${index + 1}`)))
  return applyLayers(read)
}

/** The tree as lines. */
export const tree = async (...layers: Fixtures[]) => show(await apply(...layers))
/** The tree as lines with attributes. */
export const attributes = async (...layers: Fixtures[]) => show(await apply(...layers), true)
/** The error that applying the layers ends in. */
export const failure = (...layers: Fixtures[]) => apply(...layers).catch((error) => error)
