export { downloadFlist } from './download.ts'
export { HubError, type HubErrorCode } from './errors.ts'
export type { FlistInfo, FlistListing } from './flist-info.ts'
export { type CallOptions, HubClient, type HubClientOptions } from './hub-client.ts'
