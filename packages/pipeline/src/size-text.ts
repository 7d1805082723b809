import { PipelineError } from './errors.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/**
 * Reads a number of bytes as `dd` and `docker` take it: `1000000`, `512K`, `10G`, `10GiB`; units are of 1024.
 *
 * @throws PipelineError 'bad-settings'
 */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN)
  if (digits !== '' && bytes > 0 && Number.isSafeInteger(bytes)) return bytes
  throw new PipelineError('bad-settings', `${JSON.stringify(text)}: no number of bytes; write 1000000, 512M or 10G`)
}

/** Reads a whole number above zero. @throws PipelineError 'bad-settings' */
export function parseCount(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (value > 0) return value
  throw new PipelineError('bad-settings', `${JSON.stringify(text)}: no whole number above zero; write 200 or 1000000`)
}
