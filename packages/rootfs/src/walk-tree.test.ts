import { expect, test } from 'vitest'
import { file, hardlink, layer } from '../test/layer-builder.ts'
import { applyLayers } from './apply-layers.ts'
import { walkTree } from './walk-tree.ts'

test('parents come before children, names in the order of their bytes', async () => {
  const root = applyLayers([await layer({ 'b/x': file(), 'b-': file(), é: file(), Z: file(), a: hardlink('Z') })])
  const places = [...walkTree(root)]
  const utf8 = Buffer.from('é').toString('latin1')
  expect(places.map(({ path }) => path)).toEqual(['', 'Z', 'a', 'b', 'b/x', 'b-', utf8])
  expect(places[0]?.node).toBe(root)
  expect(places[2]?.node).toBe(places[1]?.node)
})

test('a tree can be left in the middle', async () => {
  const root = applyLayers([await layer({ a: file(), b: file() })])
  const seen: string[] = []
  for (const { path } of walkTree(root)) {
    if (path === 'b') break
    seen.push(path)
  }
  expect(seen).toEqual(['', 'a'])
})
