export { previewPublication, publishFlist } from './publish.ts'
export { parseRoute } from './route.ts'
