import { expect, test } from 'vitest'
import { layerCacheFolder } from './layer-cache-folder.ts'

test.each([
  ['./chunks', undefined, 'chunks/layers'],
  ['/srv/chunks/', undefined, '/srv/chunks/layers'],
  ['dir:///srv/chunks', undefined, '/srv/chunks/layers'],
  ['zdb://hub.grid.tf:9900/default', undefined, undefined],
  ['hub://hub.grid.tf', undefined, undefined],
  ['zdb://hub.grid.tf:9900/default', './layers', './layers'],
  ['./chunks', '/var/cache/layers', '/var/cache/layers'],
  ['./chunks', false, undefined],
] as const)('--chunks %s with --cache %s keeps layers in %s', (chunks, cache, folder) => {
  expect(layerCacheFolder(chunks, cache)).toBe(folder)
})
