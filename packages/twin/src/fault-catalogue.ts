import type { FaultEffect, LoggedCall } from './faults.ts'
import { hubCalls } from './routes.ts'

/** The commands of the two chunk servers that faults can name. */
export const gatewayCommands: readonly string[] = ['AUTH', 'INFO', 'SELECT', 'PING', 'EXISTS', 'SET', 'QUIT']
export const backendCommands: readonly string[] = ['INFO', 'PING', 'AUTH', 'SELECT', 'GET', 'EXISTS', 'SET']

/** Delays of the slow faults, in milliseconds: far longer than a call takes, far shorter than any time limit. */
const SLOW = 30

/** Calls whose answers name an md5. */
const MD5_CALLS = new Set(['light', 'info', 'md5'])
/** Calls whose answers tell times, and how far a hub's clock may be off: a day either way. */
const TIME_CALLS = new Set(['light', 'info', 'list', 'download'])
const DAY = 86_400
/** Calls that replace something in more than one step. */
const REPLACING_CALLS: Readonly<Record<string, readonly ('removed' | 'half-written')[]>> = {
  'upload-flist': ['removed', 'half-written'],
  upload: ['removed', 'half-written'],
  merge: ['removed', 'half-written'],
  docker: ['removed', 'half-written'],
  promote: ['removed', 'half-written'],
  link: ['removed'],
  crosslink: ['removed'],
  tag: ['removed'],
  crosstag: ['removed'],
}

const DROPS: readonly FaultEffect[] = [
  { kind: 'drop-request', after: 0 },
  { kind: 'drop-response', after: 0 },
  { kind: 'drop-response', after: 1 },
]

/**
 * Every fault that means something at one step of a recorded run: a suite records a clean run, then repeats it once for
 * each step and each of these.
 */
export function faultsAt({ server, call }: Pick<LoggedCall, 'server' | 'call'>): FaultEffect[] {
  return server === 'hub' ? hubFaults(call) : chunkFaults(call)
}

function hubFaults(call: string): FaultEffect[] {
  const writes = hubCalls.find(({ name }) => name === call)?.writes ?? false
  const effects: FaultEffect[] = [
    ...DROPS,
    { kind: 'drop-response', after: 200 },
    { kind: 'error', body: 'html' },
    { kind: 'error', body: 'json' },
    { kind: 'error', body: 'html', retryAfter: 0 },
  ]
  if (MD5_CALLS.has(call)) effects.push({ kind: 'wrong-md5' })
  if (TIME_CALLS.has(call)) {
    effects.push({ kind: 'clock-skew', seconds: DAY }, { kind: 'clock-skew', seconds: -DAY })
  }
  if (call === 'upload-flist' || call === 'upload') {
    effects.push({ kind: 'drop-request', after: 300 }, { kind: 'backend-down' })
  }
  if (call === 'upload' || call === 'docker') effects.push({ kind: 'backend-full' })
  if (writes) {
    const after = (['html', 'json'] as const).map((body): FaultEffect => ({ kind: 'error', body, effect: true }))
    effects.push(...after, { kind: 'forget' }, { kind: 'full' }, { kind: 'slow-disk', ms: SLOW })
  }
  const stages = REPLACING_CALLS[call] ?? []
  effects.push(...stages.map((stage): FaultEffect => ({ kind: 'half-applied', stage })))
  if (stages.length > 0) effects.push({ kind: 'slow-replace', ms: SLOW })
  return effects
}

function chunkFaults(call: string): FaultEffect[] {
  const effects: FaultEffect[] = [...DROPS, { kind: 'error', body: 'json' }]
  if (call !== 'SET') return effects
  return [
    ...effects,
    { kind: 'drop-response', after: 7 },
    { kind: 'error', body: 'json', effect: true },
    { kind: 'forget' },
    { kind: 'full' },
    { kind: 'slow-disk', ms: SLOW },
  ]
}
