export { convertSource } from './convert.ts'
export { openLayerCache } from './layer-cache.ts'
export { openSource } from './source.ts'
