export type { OnFault } from './activity.ts'
export { TwinError, type TwinErrorCode } from './errors.ts'
export { backendCommands, faultsAt, gatewayCommands } from './fault-catalogue.ts'
export {
  type ChangeStage,
  type Fault,
  type FaultEffect,
  Faults,
  type Latency,
  type LoggedCall,
  type TwinServer,
} from './faults.ts'
export type { FlistDetails, FlistMaker } from './flist-maker.ts'
export type { FlistContents, FlistEntry, InspectFlist } from './inspection.ts'
export type { Address } from './listener.ts'
export { hubCalls } from './routes.ts'
export { mintToken } from './tokens.ts'
export { startTwin, type Twin, type TwinOptions } from './twin.ts'
