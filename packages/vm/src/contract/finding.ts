import { type FindingCode, findingCodes, type Severity } from './finding-codes.ts'

/** One thing about a tree that a Zmachine will suffer from. */
export type Finding = {
  readonly code: FindingCode
  readonly severity: Severity
  /** Byte string, without a leading slash. */
  readonly path: string
  /** What was found there: bytes, numbers, names; without control characters. */
  readonly evidence: string
  readonly explanation: string
  readonly remedy: string
}

export function createFinding(code: FindingCode, path: string, evidence: string): Finding {
  const { severity, explanation, remedy } = findingCodes[code]
  return { code, severity, path, evidence: evidence.replace(/[\p{Cc}\p{Cf}]/gu, '?'), explanation, remedy }
}

/** A byte string for people. */
export function shown(bytes: string): string {
  return JSON.stringify(Buffer.from(bytes, 'latin1').toString('utf8'))
}
