export { convertSource } from './convert.ts'
export { openLayerCache } from './layer-cache.ts'
export { registryLayers } from './registry-layers.ts'
export { openSource } from './source.ts'
